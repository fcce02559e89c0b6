import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { refusing } from '../command-line.js';
import { packageFile } from '../package.js';
import { withDefinitions, withoutDefinitions, withoutPublisher, withPublisher } from './ceilometer/edit.js';
import { CEILOMETER_FILES, type CeilometerFiles, naming, readText } from './ceilometer/files.js';
import { say } from './installation.js';

export function addCeilometer(program: Command): void {
  const ceilometer = program
    .command('ceilometer')
    .description(
      "what event alarms on maintenance need in Ceilometer's files; its notification agent reads them when it starts",
    );
  addEdit(
    ceilometer,
    'add',
    'add event definitions and the publisher alarm.all, as far as they are not there; may be repeated',
    { definitions: (text) => withDefinitions(text, shippedDefinitions()), pipeline: withPublisher },
  );
  addEdit(ceilometer, 'remove', 'take out what "add" added, and nothing else', {
    definitions: withoutDefinitions,
    pipeline: withoutPublisher,
  });
}

type Edits = { readonly [File in keyof CeilometerFiles]: (text: string) => string };

function addEdit(parent: Command, name: string, about: string, edits: Edits): void {
  parent
    .command(name)
    .description(about)
    .option('--definitions <file>', 'its event definitions', CEILOMETER_FILES.definitions)
    .option('--pipeline <file>', 'its event pipeline', CEILOMETER_FILES.pipeline)
    .action((files: CeilometerFiles) => refusing(async () => edit(files, edits)));
}

/** Writes nothing unless both files can be changed. */
function edit(files: CeilometerFiles, edits: Edits): void {
  const changes = (['definitions', 'pipeline'] as const).map((which) => {
    const file = files[which];
    const before = readText(file);
    return { file, before, after: naming(file, () => edits[which](before)) };
  });
  for (const { file, before, after } of changes) {
    if (after !== before) naming(file, () => writeFileSync(file, after));
    say(after === before ? `as it should be: ${file}` : `changed: ${file}`);
  }
  if (changes.some(({ before, after }) => after !== before)) say("Restart Ceilometer's notification agent.");
}

function shippedDefinitions(): string {
  return readFileSync(packageFile('etc/fenix/ceilometer/event_definitions.yaml'), 'utf8');
}
