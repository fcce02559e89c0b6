import { FenixError } from '../common/errors.js';

export type Environment = Readonly<Record<string, string>>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What every child gets of the engine's own environment, which holds passwords: nothing that could hold one. */
export function ownEnvironment(): Environment {
  const { PATH = '/usr/bin:/bin', HOME = '/', LANG = 'C.UTF-8' } = process.env;
  return { PATH, HOME, LANG };
}

/** @throws FenixError `argument` naming a variable that no shell could have */
export function checkedEnvironment(env: Environment = {}): Environment {
  for (const name of Object.keys(env)) {
    if (NAME.test(name)) continue;
    const message = `env.${name} is no name of an environment variable: letters, digits and _ are allowed.`;
    throw new FenixError('input', 'argument', message, { field: `env.${name}` });
  }
  return env;
}
