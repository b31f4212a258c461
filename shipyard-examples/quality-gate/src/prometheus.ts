import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, type TestServer } from '../../../tools/servers/process.ts';
import { programPath } from '../../../tools/test-servers.ts';

/** A Prometheus that looks at the shops of all stages once a second. */
export function startPrometheus(ports: Readonly<Record<string, number>>): Promise<TestServer> {
  const targets = Object.values(ports).map((port) => `127.0.0.1:${port}`);
  return launch({
    name: 'prometheus',
    options: {},
    command: ({ port, storeDir }) => {
      const config = join(storeDir, 'prometheus.yml');
      const scrape = [{ job_name: 'shop', static_configs: [{ targets }] }];
      // JSON is YAML.
      writeFileSync(
        config,
        JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: scrape }),
      );
      const args = [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(storeDir, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ];
      return { file: programPath('prometheus'), args };
    },
    url: (port) => `http://127.0.0.1:${port}`,
    stopTimeoutMs: 10_000,
  });
}
