import type { Browser } from 'playwright-core';
import type { Measured } from './processes.ts';

export type Bench = { url: string; browser: Browser; tasks: number; plane: Measured };

/** A figure beside its goal, which is an upper bound. */
export type Figure = { name: string; value: number; goal: number; unit: 'ms' | 'KB' | '%'; note?: string };

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Asks the control plane; throws when it refuses. */
export async function ask<T>(url: string, options?: { body: string; type: string; method?: string }): Promise<T> {
  const answer = await fetch(
    url,
    options === undefined
      ? {}
      : { method: options.method ?? 'POST', body: options.body, headers: { 'content-type': options.type } },
  );
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export const EVENT_TYPE = 'application/cloudevents+json';
