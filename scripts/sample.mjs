import { writeFileSync } from 'node:fs';
import { sample } from '../dist/src/config/index.js';

writeFileSync(new URL('../etc/fenix/fenix.conf.sample', import.meta.url), sample());
