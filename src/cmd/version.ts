import { readFileSync } from 'node:fs';
import { packageFile } from './package.js';

/** This code's version, from package.json. */
export const VERSION: string = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version;
