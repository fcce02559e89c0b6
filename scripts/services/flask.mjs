// Flask under gunicorn with SQLAlchemy, the peer that the API is measured beside. Only programs: nothing runs by itself.
import { pythonWith } from '../lib/debian.mjs';

export const name = 'Flask';
/** A Python that has all of them. */
export const variable = 'FENIX_BENCH_FLASK_PYTHON';

/** Rejects with a sentence that says why it cannot be. */
export async function start() {
  return pythonWith({
    modules: ['flask', 'gunicorn', 'sqlalchemy', 'pymysql'],
    packages: ['python3-flask', 'python3-gunicorn', 'python3-sqlalchemy', 'python3-pymysql'],
    variable,
  });
}
