import 'reflect-metadata';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/common/errors.js';
import { startMariadb } from '../support/services/mysql.js';
import { startRabbit } from '../support/services/rabbitmq.js';
import { keepEvidence } from './evidence.js';
import type { Servers } from './installation.js';
import { judgeWave, type Verdict } from './judge.js';
import { parseOptions } from './options.js';
import { planWave } from './plan.js';
import { Tally } from './tally.js';
import { withWave } from './wave.js';

/** What a wave takes on an idle machine, milliseconds; what is not done by then ends late. */
const WAVE_MS = 90_000;

const { minutes, seed: firstSeed } = parseOptions(process.argv.slice(2));
const begun = performance.now();
const home = mkdtempSync(join(tmpdir(), 'fenix-chaos-'));
const tally = new Tally();

function say(what: string): void {
  process.stdout.write(`[${((performance.now() - begun) / 1000).toFixed(1).padStart(7)} s] ${what}\n`);
}

async function main(): Promise<void> {
  const [mariadb, rabbitmq] = await Promise.allSettled([startMariadb(), startRabbit()]);
  try {
    if (mariadb.status === 'rejected') throw mariadb.reason;
    if (rabbitmq.status === 'rejected') throw rabbitmq.reason;
    await waves({ mariadb: mariadb.value, rabbitmq: rabbitmq.value });
  } finally {
    for (const started of [mariadb, rabbitmq]) if (started.status === 'fulfilled') await started.value.stop();
  }
}

async function waves(servers: Servers): Promise<void> {
  for (let seed = firstSeed; ; seed += 1) {
    await wave(servers, seed);
    if (performance.now() - begun + WAVE_MS > minutes * 60_000) return;
  }
}

async function wave(servers: Servers, seed: number): Promise<void> {
  const folder = join(home, `wave-${seed}`);
  mkdirSync(folder);
  const plan = planWave(seed, folder);
  const { hosts, projects } = plan.topology;
  const instances = projects.flatMap((project) => project.instances ?? []).length;
  say(
    `wave ${seed}: ${plan.sessions.length} sessions, ${hosts.length} hosts, ${instances} instances of ${projects.length} projects`,
  );
  const tell = (what: string, kind: string): void => {
    tally.disturbed(kind);
    say(`  ${what}`);
  };
  try {
    const verdict = await withWave(servers, plan, folder, tell, async (ended) => {
      const judged = await judgeWave(ended, folder);
      tally.acknowledged += ended.acknowledged.count;
      for (const member of [...ended.installation.engines, ...ended.installation.apis]) tally.errors(member.errors);
      if (judged.faults.length > 0) await keepEvidence(ended, judged.faults, folder);
      return judged;
    });
    announce(seed, folder, verdict);
  } catch (error) {
    tally.broken();
    say(`✘ wave ${seed} broke off: ${messageOf(error)}; its logs are in ${folder}`);
    process.stdout.write(`${(error as Error).stack}\n`);
  }
}

function announce(seed: number, folder: string, verdict: Verdict): void {
  const { faults, sessions, done, reasons, moves } = verdict;
  tally.judged(verdict);
  say(`wave ${seed}: ${done} of ${sessions} sessions done, ${moves} moves`);
  for (const reason of reasons) say(`  failed: ${reason}`);
  if (faults.length === 0) {
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  for (const fault of faults) say(`✘ ${fault}`);
  say(`✘ wave ${seed} failed: see ${folder}; npm run test:chaos -- --minutes 1 --seed ${seed} runs it again`);
}

function close(): void {
  for (const line of tally.lines()) say(line);
  process.stdout.write(`${tally.passed} passed, ${tally.failed} failed, 0 skipped\n`);
  process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}

/** Everything that was started ends with this process. */
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    tally.broken();
    say(`✘ stopped by ${signal}; logs are in ${home}`);
    close();
    process.exit();
  });
}

say(`seed ${firstSeed}`);
try {
  await main();
} catch (error) {
  tally.broken();
  say(`✘ ${messageOf(error)}`);
}
if (tally.failed === 0) rmSync(home, { recursive: true, force: true });
close();
