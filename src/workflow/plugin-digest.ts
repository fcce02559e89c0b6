import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';

/** Names in all forms in which a module names another one, or a file beside it. Too many do no harm. */
const NAMED =
  /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*['"]([^'"\n]+)['"]|\bnew\s+URL\(\s*['"](\.[^'"\n]+)['"]\s*,\s*import\.meta/g;
const ENDINGS = ['', '.js', '.mjs', '.cjs', '.json', '/index.js'];
const IS_CODE = /\.[cm]?js$/;

/**
 * SHA-256 (hex) of all that makes a plug-in what it is: its module, whatever it names in text by a relative path within
 * `root`, from there on and so on, the package that it belongs to (name and version), and the packages that it imports
 * (likewise). Of a module that stands for itself: of its bytes alone.
 */
export function digestOf(file: string, root: string): string {
  const top = realpathSync(root);
  const entry = realpathSync(file);
  const parts = new Map<string, string>();
  const left = [entry];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    const key = relative(top, path);
    if (parts.has(key)) continue;
    const bytes = readFileSync(path);
    parts.set(key, sha256(bytes));
    if (!IS_CODE.test(path)) continue;
    for (const name of namesIn(bytes.toString())) {
      if (name.startsWith('.')) left.push(...fileNamed(path, name, top));
      else addPackage(parts, path, name);
    }
  }
  const own = versionIn(join(top, 'package.json'));
  if (own !== undefined) parts.set('package', own);
  if (parts.size === 1) return parts.get(relative(top, entry)) as string;
  const lines = [...parts].map(([key, value]) => `${key}\n${value}\n`).sort();
  return sha256(lines.join(''));
}

function namesIn(text: string): string[] {
  return [...text.matchAll(NAMED)].map(([, module, file]) => module ?? file ?? '');
}

/** None where there is no such file, or not in the plug-in's own place. */
function fileNamed(from: string, name: string, top: string): string[] {
  const path = ENDINGS.map((ending) => resolve(dirname(from), name + ending)).find(isFile);
  if (path === undefined) return [];
  const real = realpathSync(path);
  const inside = relative(top, real);
  return inside.startsWith('..') || isAbsolute(inside) ? [] : [real];
}

/** Fenix itself is no part of a plug-in: it may be upgraded under one. */
function addPackage(parts: Map<string, string>, from: string, name: string): void {
  const [scope = '', second = ''] = name.split('/');
  const packageName = scope.startsWith('@') ? `${scope}/${second}` : scope;
  if (isBuiltin(name) || packageName === 'fenix' || isAbsolute(name) || name.includes(':')) return;
  const manifests = (createRequire(from).resolve.paths(packageName) ?? []).map((directory) =>
    join(directory, packageName, 'package.json'),
  );
  parts.set(`package ${packageName}`, manifests.map(versionIn).find((version) => version !== undefined) ?? 'missing');
}

function versionIn(manifest: string): string | undefined {
  if (!existsSync(manifest)) return undefined;
  const { name, version } = JSON.parse(readFileSync(manifest, 'utf8'));
  return version === undefined ? undefined : `${name}@${version}`;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
