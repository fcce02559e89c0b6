import { delimiter } from 'node:path';
import { folders, PYTHON_FOLDER } from './settings.js';

/** All that the services' processes get: nothing of ours that would configure them, no proxy between them. */
export function environment(home: string): Record<string, string> {
  return {
    PATH: ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter),
    HOME: home,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    PYTHONPATH: [PYTHON_FOLDER, folders(home).python].join(delimiter),
    PYTHONDONTWRITEBYTECODE: '1',
    XDG_CACHE_HOME: `${home}/cache`,
  };
}
