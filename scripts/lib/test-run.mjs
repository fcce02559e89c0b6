// What every suite does around AVA: count, say what failed, and close with "N passed, N failed, N skipped".
import { spawn } from 'node:child_process';
import { buildIfStale, install, root } from './prepare.mjs';
import { TapReader } from './tap.mjs';

export const isCi = ['true', '1'].includes(process.env.CI ?? '');

export class TestRun {
  #total = { passed: 0, failed: 0, skipped: 0 };
  /** AVAs that run. */
  #running = new Set();
  #stops = [];
  #stop = new AbortController();
  /** Rejects when a signal has come. */
  stopped = new Promise((_resolve, reject) => {
    this.#stop.signal.addEventListener('abort', () => reject(this.#stop.signal.reason));
  });

  /** From then on a signal ends AVA and makes a failed run, which still closes in good order. */
  constructor() {
    this.stopped.catch(() => undefined);
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => this.#stopBy(signal));
  }

  /** Whether a signal has come. */
  get isStopped() {
    return this.#stop.signal.aborted;
  }

  /** Installs and builds what is missing; false, and a failure, if that cannot be. */
  prepare() {
    if (!install()) this.fail('npm ci failed');
    else if (!buildIfStale()) this.fail('the build failed');
    else return true;
    return false;
  }

  fail(why) {
    this.#total.failed += 1;
    console.log(`✘ ${why}`);
  }

  /** Something that is to be stopped at the end, the last one first. */
  onEnd(stop) {
    this.#stops.unshift(stop);
  }

  /** @param args of AVA, in which sources may stand for what is made of them */
  async ava(args, env) {
    if (this.isStopped) return;
    const files = args.map((arg) => arg.replace(/^(!?)(?:\.\/)?(test\/.*)\.ts$/, '$1dist/$2.js'));
    const reader = new TapReader((line) => console.log(line));
    // A group of its own: should AVA itself die, its test processes can be ended.
    const ava = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.mjs', '--tap', ...files], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    this.#running.add(ava);
    ava.stdout.setEncoding('utf8').on('data', (chunk) => reader.write(chunk));
    const status = await new Promise((resolve) => ava.once('close', resolve));
    this.#running.delete(ava);
    endGroup(ava);
    this.#total.passed += reader.passed;
    this.#total.failed += reader.failed;
    this.#total.skipped += reader.skipped;
    if (!reader.complete) this.fail('AVA ended early, as it does when a test hangs; "npx ava" names it');
    else if (status !== 0 && reader.failed === 0) this.fail(`AVA ended with ${status}`);
    else if (reader.passed + reader.failed + reader.skipped === 0) this.fail('there were no tests');
  }

  /** Several times AVA, so many at once, begun in this order. @param calls the arguments of each */
  async avas(calls, env, atOnce) {
    const left = [...calls];
    const lane = async () => {
      for (let args = left.shift(); args !== undefined; args = left.shift()) await this.ava(args, env);
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
  }

  /** Stops what is to be stopped, prints the figures, and ends the process. */
  async close() {
    for (const stop of this.#stops) {
      try {
        await stop();
      } catch (error) {
        // The figures are still due.
        this.fail(`a server did not stop: ${error.message}`);
      }
    }
    const { passed, skipped } = this.#total;
    if (isCi && skipped > 0) this.fail('in CI nothing may be skipped');
    console.log(`${passed} passed, ${this.#total.failed} failed, ${skipped} skipped`);
    process.exit(this.#total.failed === 0 ? 0 : 1);
  }

  #stopBy(signal) {
    if (this.isStopped) return;
    this.fail(`stopped by ${signal}`);
    this.#stop.abort(new Error(`stopped by ${signal}`));
    for (const ava of this.#running) endGroup(ava);
  }
}

/** Ends a process and all that it has started. */
function endGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // all have ended
  }
}
