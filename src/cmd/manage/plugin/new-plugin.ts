import { existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FenixError } from '../../../common/errors.js';
import { INSTANCE_ACTIONS } from '../../../model/index.js';
import { SKELETONS, type SkeletonType } from './skeletons.js';

const FENIX = fileURLToPath(new URL('../../../../../', import.meta.url));
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;

/**
 * Writes a plug-in and its test into a directory of plug-ins, and what the test needs to run there.
 * @returns the files, and the command that runs the test
 * @throws FenixError `bad-name`, `exists`
 */
export function newPlugin(
  name: string,
  type: SkeletonType,
  directory: string,
): { readonly written: readonly string[]; readonly command: string } {
  requireName(name, type);
  const root = resolve(directory);
  const { folder, plugin, test } = SKELETONS[type];
  const fileName = name.toLowerCase().replaceAll('_', '-');
  const files = new Map([
    [join(root, folder, `${fileName}.mjs`), plugin(name)],
    [join(root, 'test', `${fileName}.test.mjs`), test(name, `../${folder}/${fileName}.mjs`)],
  ]);
  for (const file of files.keys()) {
    if (existsSync(file)) throw new FenixError('input', 'exists', `${file} is there already.`);
  }
  for (const [file, text] of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  linkFenix(root);
  const [, testFile = ''] = files.keys();
  return { written: [...files.keys()], command: `node --test ${testFile}` };
}

function requireName(name: string, type: SkeletonType): void {
  const allowed: readonly string[] = INSTANCE_ACTIONS;
  const fits = type === 'instance-action' ? allowed.includes(name) : NAME.test(name);
  if (fits) return;
  const rule = type === 'instance-action' ? `one of ${allowed.join(', ')}` : `text that matches ${NAME.source}`;
  throw new FenixError('input', 'bad-name', `The name of a plug-in of type ${type} must be ${rule}.`, {
    field: 'name',
  });
}

/** So that the test finds `fenix/testing`: unless that is installed there already, a link to this installation. */
function linkFenix(root: string): void {
  const paths = createRequire(join(root, 'package.json')).resolve.paths('fenix') ?? [];
  if (paths.some((path) => existsSync(join(path, 'fenix', 'package.json')))) return;
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  symlinkSync(realpathSync(FENIX), join(root, 'node_modules', 'fenix'), 'dir');
}
