// Flask under gunicorn with SQLAlchemy, the peer that the API is measured beside. Only programs: nothing of it runs by itself.
import { existsSync } from 'node:fs';
import { needPrograms } from '../lib/debian.mjs';

export const name = 'Flask';
/** A Python that has Flask, gunicorn, SQLAlchemy and PyMySQL. */
export const variable = 'FENIX_BENCH_FLASK_PYTHON';

/** Debian's, whatever other Python is on the PATH: the packages are for no other one. */
const PYTHON = '/usr/bin/python3';
const LIBRARIES = ['flask', 'gunicorn', 'sqlalchemy', 'pymysql'];
const PACKAGES = ['python3-flask', 'python3-gunicorn', 'python3-sqlalchemy', 'python3-pymysql'];

/** `url` is the path of the Python to run. Rejects with a sentence that says why it cannot be. */
export async function start() {
  const wanted = [PYTHON, ...LIBRARIES.map((library) => `/usr/lib/python3/dist-packages/${library}/__init__.py`)];
  const find = () => wanted.map((path) => (existsSync(path) ? path : undefined));
  const [url] = needPrograms({ find, packages: PACKAGES, variable });
  return { url, stop: async () => {} };
}
