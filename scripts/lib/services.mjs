// Servers that something needs: those that the environment names, others started.

/**
 * Starts what the variables do not name. @returns {Promise<{ env: NodeJS.ProcessEnv, stop: () => Promise<void> }>} the
 * environment with all their variables; rejects with a sentence, nothing left running
 */
export async function startMissing(services, environment = process.env) {
  const env = { ...environment };
  const running = [];
  const stop = async () => {
    await Promise.all(running.splice(0).map((service) => service.stop()));
  };
  const outcomes = await Promise.allSettled(
    services
      .filter(({ variable }) => !env[variable])
      .map(async ({ variable, start }) => {
        const server = await start();
        running.push(server);
        env[variable] = server.url;
      }),
  );
  const failed = outcomes.find(({ status }) => status === 'rejected');
  if (failed === undefined) return { env, stop };
  await stop();
  throw failed.reason;
}
