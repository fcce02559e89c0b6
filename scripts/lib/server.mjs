// Servers of our own: free ports, waiting until they speak, ending what was started.
import { connect, createServer } from 'node:net';

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Resolves when a child process has ended. */
export function endOf(child) {
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
}

/** Waits, at most a minute, until somebody at `port` says anything (after `hello`, if they want to be spoken to). */
export async function greeting(name, port, ended, hello) {
  let over = false;
  const end = ended.then(() => {
    over = true;
  });
  for (const limit = performance.now() + 60_000; !over && performance.now() < limit; ) {
    if (await greets(port, hello)) return;
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  throw new Error(over ? `${name} ended at once` : `${name} did not greet within a minute`);
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
