import type { YamlNode } from '../yaml/node.ts';
import type { Place } from '../yaml/source-map.ts';
import { Fields } from './fields.ts';

/** A file that is something else than a shipyard of today, and the one sentence that helps. */
export type Foreign = { code: string; message: string; pointer: string; at: Place };

const STRATEGIES = ['deployment_strategy', 'test_strategy', 'approval_strategy', 'remediation_strategy'];
const OLD_VERSION = /^(spec\.keptn\.sh\/)?0\.1(\.\d+)?$/;

/**
 * Recognizes Keptn's older files. Each gets one problem that says what it is: the problems of its keys would say nothing that helps.
 */
export function foreignDocument(root: YamlNode): Foreign | undefined {
  if (root.kind !== 'map') return undefined;
  const fields = new Fields(root, '');
  const text = (key: string): string => {
    const node = fields.get(key)?.node;
    return node?.kind === 'scalar' ? node.written : '';
  };
  const place = (key: string): Pick<Foreign, 'pointer' | 'at'> => {
    const field = fields.get(key);
    return { pointer: field?.pointer ?? '', at: field?.keyAt ?? fields.at };
  };
  const isRemediation = text('kind') === 'Remediation' || fields.get('remediations') !== undefined;
  if (isRemediation) {
    return {
      code: 'not-a-shipyard',
      message:
        'this is a remediation file of Keptn: it belongs to a service as the resource remediation.yaml, and remediation-service reads it',
      ...place(fields.get('kind') === undefined ? 'remediations' : 'kind'),
    };
  }
  const stages = fields.get('stages') ?? specStages(fields);
  const isOldShape = fields.get('spec') === undefined && fields.get('stages') !== undefined;
  const isOldVersion = OLD_VERSION.test(text('apiVersion')) || OLD_VERSION.test(text('version'));
  const hasActions = fields.get('actions') !== undefined;
  if (!isOldVersion && !hasActions && !(isOldShape && hasStrategy(stages?.node))) return undefined;
  if (isOldShape || isOldVersion) {
    return {
      code: 'old-shipyard',
      message: 'this is a shipyard of Keptn 0.1 (Keptn 0.7 and older): `slipway migrate FILE` writes the 0.2 one',
      ...place(fields.get('stages') === undefined ? 'apiVersion' : 'stages'),
    };
  }
  return undefined;
}

function specStages(fields: Fields): ReturnType<Fields['get']> {
  const spec = fields.get('spec');
  return spec?.node.kind === 'map' ? new Fields(spec.node, spec.pointer).get('stages') : undefined;
}

function hasStrategy(stages: YamlNode | undefined): boolean {
  if (stages?.kind !== 'list') return false;
  return stages.items.some(
    (stage) => stage.kind === 'map' && stage.entries.some(({ key }) => STRATEGIES.includes(key)),
  );
}
