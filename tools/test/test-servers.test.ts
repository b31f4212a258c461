import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { freePort, startMongo, startNats } from '../test-servers.ts';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a nats-server that is killed comes back on its port with the messages it had acknowledged', async () => {
  const first = await startNats();
  const connection = await connect({ servers: first.url });
  await (await jetstreamManager(connection)).streams.add({ name: 'KEPT', subjects: ['kept'] });
  await jetstream(connection).publish('kept', 'one');
  await connection.close();
  await first.kill();
  expect(isAlive(first.pid)).toBe(false);

  const second = await startNats({ port: first.port, storeDir: first.storeDir });
  const again = await connect({ servers: second.url });
  const { state } = await (await jetstreamManager(again)).streams.info('KEPT');
  expect(state.messages).toBe(1);
  await again.close();
  await second.stop();
  expect(existsSync(first.storeDir)).toBe(true);
  await first.stop();
  expect(existsSync(first.storeDir)).toBe(false);
});

test('a MongoDB wire server that is killed comes back with what it had journaled', async () => {
  const first = await startMongo();
  const write = new MongoClient(first.url);
  await write
    .db('kept')
    .collection<{ _id: string }>('things')
    .insertOne({ _id: 'one' }, { writeConcern: { j: true } });
  await write.close();
  await first.kill();

  const second = await startMongo({ port: first.port, storeDir: first.storeDir });
  const read = new MongoClient(second.url);
  expect(await read.db('kept').collection<{ _id: string }>('things').findOne({ _id: 'one' })).toEqual({ _id: 'one' });
  await read.close();
  await second.kill();
  await second.stop();
  await first.stop();
  expect(existsSync(first.storeDir)).toBe(false);
});

test('a server ends with the scope that started it', async () => {
  let pid = 0;
  {
    await using nats = await startNats();
    pid = nats.pid;
    expect(isAlive(pid)).toBe(true);
  }
  expect(isAlive(pid)).toBe(false);
});

test('a server that cannot start says why, with its own words', async () => {
  await expect(startNats({ config: 'no_such_setting: 1' })).rejects.toThrow(/no_such_setting/);
});

test.runIf(process.platform === 'linux')(
  'a free port is none that the kernel gives to whoever asks, and no two processes get the same',
  async () => {
    const lowest = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
    const port = await freePort();
    expect(port).toBeLessThan(lowest);
    const take = `require('node:net').createServer().listen('\\0slipway-test-port-${port}')`;
    await expect(promisify(execFile)(process.execPath, ['-e', take])).rejects.toThrow(/EADDRINUSE/);
  },
);
