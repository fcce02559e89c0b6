import { readFileSync } from 'node:fs';

// The same two levels up in src/cmd and dist/src/cmd would differ, so the file is looked for upwards.
function packageVersion(): string {
  for (let at = new URL('.', import.meta.url); ; at = new URL('..', at)) {
    try {
      return JSON.parse(readFileSync(new URL('package.json', at), 'utf8')).version;
    } catch (error) {
      if (at.pathname === '/') throw error;
    }
  }
}

/** This code's version, from package.json. */
export const VERSION = packageVersion();
