import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** A directory of the search path; `files` by path in it. */
export function aPluginDirectory(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'fenix-plugins-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** The text of an action plug-in whose `run` has that body. */
export function anAction(name: string, body = "return 'DONE';", more = ''): string {
  return `export default { name: '${name}', version: '1.0.0', ${more} run: async (context) => { ${body} } };`;
}
