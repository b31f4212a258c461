import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isObject } from '@slipway/contract';
import { parseJson } from './http/problem.ts';
import { type Ledger, type LedgerOptions, MemoryLedger } from './ledger.ts';
import type { Answer } from './trigger.ts';

/** The file is written anew when it has so many times the lines that are remembered. */
const REWRITE_AT = 2;
const ANSWERS_MAX = 10_000;

/**
 * A ledger that outlives the process: one JSON line per answer, in a file of which one process is the owner. An answer
 * goes out once its line is on the disk (what ends in the meantime shares the next write), so that an attempt whose
 * answer went out is never run again, whatever crashes.
 */
export function openFileLedger(path: string, options: LedgerOptions = {}): Ledger {
  return new FileLedger(path, options);
}

class FileLedger implements Ledger {
  readonly #path: string;
  readonly #memory: MemoryLedger;
  readonly #answersMax: number;
  #lines = 0;
  #file: Promise<FileHandle>;
  #pending: Answer[] = [];
  #writing: Promise<void> | undefined;

  constructor(path: string, options: LedgerOptions) {
    this.#path = path;
    this.#answersMax = options.answersMax ?? ANSWERS_MAX;
    this.#memory = new MemoryLedger({ ...options, answersMax: this.#answersMax });
    for (const line of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
      // The last line may be torn by a crash: its answer did not go out.
      const answer = readLine(line);
      if (answer !== undefined) this.#memory.remember(answer);
    }
    this.#rewrite();
    this.#file = open(path, 'a');
  }

  get(attemptId: string): Answer | undefined {
    return this.#memory.get(attemptId);
  }

  async remember(answer: Answer): Promise<void> {
    this.#pending.push(answer);
    // The write under way began before this answer was there: it is in the next one.
    if (this.#writing !== undefined) await this.#writing.catch(() => {});
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
    this.#memory.remember(answer);
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => {});
    await (await this.#file).close();
  }

  async #write(): Promise<void> {
    const answers = this.#pending;
    this.#pending = [];
    if (this.#lines + answers.length > REWRITE_AT * this.#answersMax) {
      await (await this.#file).close();
      this.#rewrite();
      this.#file = open(this.#path, 'a');
    }
    const file = await this.#file;
    // A line break first: what an earlier write left unfinished must not spoil this one.
    await file.appendFile(`\n${answers.map((answer) => `${JSON.stringify(answer)}\n`).join('')}`);
    await file.datasync();
    this.#lines += answers.length;
  }

  /** Beside its place and renamed, so that there is a whole file at every moment. */
  #rewrite(): void {
    const part = `${this.#path}.part`;
    const file = openSync(part, 'w');
    this.#lines = 0;
    for (const answer of this.#memory.values()) {
      writeSync(file, `${JSON.stringify(answer)}\n`);
      this.#lines++;
    }
    fsyncSync(file);
    closeSync(file);
    renameSync(part, this.#path);
  }
}

const TEXTS = ['id', 'attemptId', 'phase', 'dialect', 'project', 'plainType', 'json'] as const;

function readLine(line: string): Answer | undefined {
  const value = line === '' ? undefined : parseJson(line);
  const isAnswer = isObject(value) && TEXTS.every((name) => typeof value[name] === 'string');
  return isAnswer ? (value as unknown as Answer) : undefined; // Each of its members was looked at.
}
