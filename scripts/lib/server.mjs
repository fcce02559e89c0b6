// Servers of our own: free ports, waiting until they speak, ending what was started.
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

/** `count` ports of 127.0.0.1 at which nobody listens. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map(listen));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

/** Resolves when a child process has ended. */
export function endOf(child) {
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
}

/** A program in a process group of its own: Ctrl-C is for the tests; we stop it ourselves. */
export function startDetached(program, args, options) {
  const child = spawn(program, args, { ...options, stdio: 'ignore', detached: true });
  return { child, ended: endOf(child) };
}

const PIDS = 'pids';

/**
 * Ends what was started, and removes its folder, should this process die without doing so: then the pipe between them
 * ends. `note` says what there is to be ended, `dismiss` that nothing is any more.
 */
export function watchOver(home) {
  const script = `cat >/dev/null; for pid in $(cat "$0/${PIDS}"); do kill -KILL "-$pid"; done; rm -rf "$0"`;
  const child = spawn('sh', ['-c', script, home], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const ended = endOf(child);
  child.unref();
  child.stdin.unref();
  const note = (started) => writeFileSync(join(home, PIDS), started.map((one) => one.child.pid).join('\n'));
  return { note, dismiss: () => endGroup(child, ended, 'SIGKILL') };
}

/** Removes a server's folder, again should a process that is just ending still write to it. */
export function removeHome(home) {
  rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** Waits, at most three minutes as machines may be busy, until somebody at `port` speaks (after `hello`, if that is due). */
export async function greeting(name, port, ended, hello) {
  let over = false;
  const end = ended.then(() => {
    over = true;
  });
  for (const limit = performance.now() + 180_000; !over && performance.now() < limit; ) {
    if (await greets(port, hello)) return;
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  throw new Error(over ? `${name} ended at once` : `${name} did not greet within three minutes`);
}

function greets(port, hello) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (yes) => {
      socket.destroy();
      resolve(yes);
    };
    if (hello !== undefined) socket.once('connect', () => socket.write(hello));
    socket.once('data', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
  });
}

/** Ends a child's whole process group, which it leads (`detached`): politely, after 15 s not so. */
export async function endGroup(child, ended, signal = 'SIGTERM') {
  if (child.pid === undefined) return;
  killGroup(child.pid, signal);
  const limit = setTimeout(() => killGroup(child.pid, 'SIGKILL'), 15_000);
  await ended;
  clearTimeout(limit);
  // What it had started itself and left behind.
  killGroup(child.pid, 'SIGKILL');
}

function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // all have ended
  }
}
