import { EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml';
import type { ProblemList } from '../problem-list.ts';
import { Composer } from './composer.ts';
import type { YamlNode } from './node.ts';

/** The longest text that is read, in bytes of UTF-8. */
const BYTES_MAX = 256 * 1024;
/** A shipyard needs about twelve levels; properties and schemas some more. */
const DEPTH_MAX = 64;

/** Reads one YAML document, or says where it is none. Undefined: there are problems. */
export function readYaml(problems: ProblemList): YamlNode | undefined {
  const text = problems.source;
  if (isLongerThan(text, BYTES_MAX)) {
    problems.add({
      code: 'too-large',
      message: `the text is longer than ${BYTES_MAX / 1024} KB`,
      pointer: '',
      at: { start: 0, end: 0 },
    });
    return undefined;
  }
  const events = parse(text, problems);
  if (events === undefined) return undefined;
  const documents = events.filter((event) => event.type === EVENT_ID.DOCUMENT).length;
  if (documents === 0) {
    problems.add({
      code: 'empty-shipyard',
      message: 'there is nothing in this text: a shipyard begins with "apiVersion: slipway.dev/v1"',
      pointer: '',
      at: { start: 0, end: 0 },
    });
    return undefined;
  }
  const composer = new Composer(text, problems);
  const root = composer.compose(events);
  if (documents > 1) {
    const second = composer.secondDocumentAt ?? text.length;
    problems.add({
      code: 'yaml-documents',
      message: `${documents} documents in one text: a shipyard is one, without "---" after it`,
      pointer: '',
      at: { start: second, end: second },
    });
    return undefined;
  }
  return composer.ok ? root : undefined;
}

function parse(text: string, problems: ProblemList): Event[] | undefined {
  try {
    return parseEvents(text, { maxDepth: DEPTH_MAX });
  } catch (error) {
    const at = error instanceof YAMLException ? (error.mark?.position ?? 0) : 0;
    const reason = error instanceof YAMLException ? error.reason : 'this is not YAML';
    problems.add({ ...inOurWords(reason), pointer: '', at: { start: at, end: at }, text: lineAt(text, at) });
    return undefined;
  }
}

function inOurWords(reason: string): { code: string; message: string } {
  if (reason.includes('maxDepth')) {
    return { code: 'yaml-depth', message: `nested deeper than ${DEPTH_MAX} levels` };
  }
  if (reason.startsWith('tab characters')) {
    return { code: 'yaml-tab', message: 'a tab in the indentation: YAML wants spaces' };
  }
  // What the parser says when a line ends inside of brackets, also when the text does.
  if (reason === 'deficient indentation') {
    return { code: 'yaml-syntax', message: 'a "[" or "{" above is not closed, or its lines are not indented' };
  }
  return { code: 'yaml-syntax', message: reason };
}

function lineAt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? undefined : end).trim();
}

function isLongerThan(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && new TextEncoder().encode(text).length > bytesMax;
}
