import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from '../../tools/servers/programs.ts';
import { none } from './checks.ts';
import type { Cluster } from './cluster.ts';
import type { Recorded } from './recorder.ts';

const HELM_MS = 120_000;
const NAME = 'slipway';
/** A rollback finds a claim that the upgrade did not have, and that was kept: Helm says so, and takes it over. */
const ABOUT_KEPT_CLAIM = /exists on cluster but not in original release.*kind=PersistentVolumeClaim/;

/** One release of a chart in a namespace, driven by the real Helm. */
export class Release {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly #home: string;

  constructor(options: { cluster: Cluster; namespace: string; home: string }) {
    this.cluster = options.cluster;
    this.namespace = options.namespace;
    this.#home = options.home;
    mkdirSync(this.#home, { recursive: true });
  }

  install(chart: string, values: readonly string[]): Promise<void> {
    return this.#write('install', [NAME, chart, ...valueArgs(values)]);
  }

  /** `set`: single values on top of the files. */
  upgrade(chart: string, values: readonly string[], set: readonly string[] = []): Promise<void> {
    const single = set.flatMap((one) => ['--set-string', one]);
    // Helm takes a file without any value for "as it was".
    return this.#write('upgrade', [NAME, chart, '--reset-values', ...valueArgs(values), ...single]);
  }

  rollback(revision: number): Promise<void> {
    return this.#write('rollback', [NAME, String(revision)]);
  }

  async uninstall(): Promise<void> {
    await this.#helm(['uninstall', NAME]);
  }

  /** What Helm makes only at certain moments, such as `helm test`: manifests, as text. */
  hooks(): Promise<string> {
    return this.#helm(['get', 'hooks', NAME]);
  }

  /** Throws also when an object was written in another way than server-side apply. */
  async #write(command: string, args: readonly string[]): Promise<void> {
    await this.#helm([command, ...args], ({ applied, otherWrites }) => {
      none(otherWrites, 'written otherwise than by server-side apply:');
      if (applied === 0) throw new Error(`helm ${command} applied nothing`);
    });
  }

  /** Throws when Helm fails, when the API server warned, and when Helm itself did. */
  async #helm(args: readonly string[], check: (recorded: Recorded) => void = () => {}): Promise<string> {
    const { recorder } = this.cluster;
    recorder.take();
    const { stdout, stderr } = await this.#run(args);
    const recorded = recorder.take();
    none(recorded.warnings, 'the API server warned:');
    none(
      stderr.split('\n').filter((line) => /\bwarn/i.test(line) && !ABOUT_KEPT_CLAIM.test(line)),
      `helm ${args[0]} warned:`,
    );
    check(recorded);
    return stdout;
  }

  #run(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    const env = {
      ...process.env,
      KUBECONFIG: this.cluster.kubeconfig,
      HELM_CACHE_HOME: join(this.#home, 'cache'),
      HELM_CONFIG_HOME: join(this.#home, 'config'),
      HELM_DATA_HOME: join(this.#home, 'data'),
    };
    const { promise, resolve, reject } = Promise.withResolvers<{ stdout: string; stderr: string }>();
    const whole = ['--namespace', this.namespace, ...args];
    execFile(programPath('helm'), whole, { env, timeout: HELM_MS }, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(new Error(`helm ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
    return promise;
  }
}

function valueArgs(files: readonly string[]): string[] {
  return files.flatMap((file) => ['--values', file]);
}
