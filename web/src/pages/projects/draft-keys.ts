import { type FilePlace, filePath } from '../../api/evaluations.ts';

/** Where the drafts of a project are kept; all of them lie below `ofProject`. */
export const draftKeys = {
  ofProject: (project: string) => `project/${project}/`,
  shipyard: (project: string, version?: string | undefined) => `project/${project}/shipyard/${version ?? ''}`,
  files: (project: string) => `project/${project}/file/`,
  file: (project: string, place: FilePlace) => `project/${project}/file/${filePath(project, place)}`,
  settings: (project: string) => `project/${project}/settings`,
};

/** `Shipyard`, `slo.yaml`, `Settings`: what a draft is of. */
export function draftName(key: string): string {
  const [, , kind = '', ...rest] = key.split('/');
  if (kind === 'file') return `${rest.at(-1)}.yaml`;
  return kind === 'settings' ? 'Settings' : 'Shipyard';
}
