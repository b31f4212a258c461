import { ownValue } from '@slipway/contract';
import type { ControlPlane } from '../runtime/control-plane.ts';
import type { Reply } from './reply.ts';

/** One request, read. */
export type Call = {
  readonly plane: ControlPlane;
  /** By the names in the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly log: (message: string, details: Record<string, unknown>) => void;
};

export type Handler = (call: Call) => Promise<Reply> | Reply;

/** Permissions of Slipway's tokens, which hold here too. */
export type KeptnPermission =
  | 'public'
  | 'events:write'
  | 'events:read'
  | 'tasks:claim'
  | 'services:read'
  | 'resources:read'
  | 'resources:write'
  | 'projects:read'
  | 'projects:write'
  | 'runs:read'
  | 'runs:control'
  | 'evaluations:write';

export type KeptnRoute = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `{name}` is one segment, `{name*}` the rest of the path. */
  readonly path: string;
  readonly permission: KeptnPermission;
  readonly handler: Handler;
};

/** A text member of a body that is an object; empty where there is none. */
export function textOf(value: unknown, key: string): string {
  const member =
    typeof value === 'object' && value !== null ? ownValue(value as Record<string, unknown>, key) : undefined;
  return typeof member === 'string' ? member : '';
}

export function objectOf(value: unknown, key: string): Record<string, unknown> {
  const member =
    typeof value === 'object' && value !== null ? ownValue(value as Record<string, unknown>, key) : undefined;
  return typeof member === 'object' && member !== null && !Array.isArray(member)
    ? (member as Record<string, unknown>)
    : {};
}

/** The texts of a list; null and absent mean none. */
export function textsOf(value: unknown, key: string): string[] {
  const member =
    typeof value === 'object' && value !== null ? ownValue(value as Record<string, unknown>, key) : undefined;
  return Array.isArray(member) ? member.filter((one): one is string => typeof one === 'string') : [];
}
