import { parseArgs } from 'node:util';

type Option =
  | { type: 'boolean'; default: boolean; about: string }
  /** `whole`: a whole number from there on. `among`: one of these. */
  | { type: 'string'; default?: string; value: string; about: string; whole?: number; among?: readonly string[] };
type Options = Record<string, Option>;

type Values<O extends Options> = {
  [K in keyof O]: O[K] extends { type: 'boolean' }
    ? boolean
    : O[K] extends { default: string }
      ? string
      : string | undefined;
};

/** Options of a script of this clone. `--help` prints them and ends; a bad argument ends with one line and exit code 2. */
export function readOptions<const O extends Options>(command: string, about: string, options: O): Values<O> {
  const types = Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }]));
  let given: Record<string, unknown>;
  try {
    given = parseArgs({ options: { ...types, help: { type: 'boolean' } } }).values;
  } catch (error) {
    // Of several sentences the first says what is wrong; the others explain how Node reads arguments.
    return refuse(command, (error instanceof Error ? error.message : String(error)).split('. ')[0] ?? '');
  }
  if (given.help === true) {
    console.log(usage(command, about, options));
    process.exit(0);
  }
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const value = given[name] ?? option.default;
    if (option.type === 'string' && typeof value === 'string') check(command, name, option, value);
    values[name] = value;
  }
  return values as Values<O>;
}

function check(command: string, name: string, option: Option & { type: 'string' }, value: string): void {
  const { whole, among } = option;
  if (whole !== undefined && !(Number.isSafeInteger(Number(value)) && Number(value) >= whole))
    refuse(command, `--${name} takes a whole number from ${whole} on, not '${value}'`);
  if (among !== undefined && !among.includes(value))
    refuse(command, `--${name} takes ${among.join(', ')}, not '${value}'`);
}

function refuse(command: string, why: string): never {
  console.error(`${why}; ${command} --help lists the options`);
  process.exit(2);
}

function usage(command: string, about: string, options: Options): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const left = option.type === 'string' ? `--${name} ${option.value}` : `--${name}`;
    const preset = option.type === 'string' && option.default !== undefined ? ` (default ${option.default})` : '';
    return { left, right: `${option.about}${preset}` };
  });
  const width = Math.max(...rows.map(({ left }) => left.length)) + 2;
  return [
    `${command} [options]`,
    '',
    about,
    '',
    ...rows.map(({ left, right }) => `  ${left.padEnd(width)}${right}`),
  ].join('\n');
}
