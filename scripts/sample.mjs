import { readFileSync, writeFileSync } from 'node:fs';
import { apiReference, openApiDocument, sampleOfPolicy } from '../dist/src/api/index.js';
import { withReference } from '../dist/src/cli/reference.js';
import { sample } from '../dist/src/config/index.js';

writeFileSync(new URL('../etc/fenix/fenix.conf.sample', import.meta.url), sample());
writeFileSync(new URL('../etc/fenix/policy.yaml.sample', import.meta.url), sampleOfPolicy());
writeFileSync(new URL('../docs/openapi.json', import.meta.url), `${JSON.stringify(openApiDocument('/'), null, 2)}\n`);
writeFileSync(new URL('../docs/api-reference.md', import.meta.url), apiReference());

const cli = new URL('../docs/cli.md', import.meta.url);
writeFileSync(cli, withReference(readFileSync(cli, 'utf8')));
