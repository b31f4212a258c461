import { readdirSync, readFileSync } from 'node:fs';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { programPath } from '../../tools/test-servers.ts';
import { cpuMs } from './processes.ts';

/** As a person has it, without what a browser asks its maker's servers for. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: programPath('chromium'), args: FLAGS });
}

/** A page of a profile of its own, so that nothing is in its cache. */
export async function openPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  return context.newPage();
}

/** What the page's main thread has worked so far, ms: scripts, styles, layout, painting. */
export async function mainThreadMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
}

/** CPU of every process of the browser, as the kernel counts it: its own children are the only chromium of this process. */
export function browserCpuMs(): number {
  return childrenOf(process.pid).reduce((total, pid) => total + (isBrowser(pid) ? treeCpuMs(pid) : 0), 0);
}

function treeCpuMs(pid: number): number {
  return childrenOf(pid).reduce((total, child) => total + treeCpuMs(child), cpuMs(pid));
}

function isBrowser(pid: number): boolean {
  return /chrom/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'));
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
