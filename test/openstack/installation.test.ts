import { join } from 'node:path';
import test from 'ava';
import { TestCloud } from './cloud/cloud.js';
import { folders } from './cloud/settings.js';
import { Fenix } from './support/fenix.js';

interface Checked {
  readonly name: string;
  readonly result: 'Success' | 'Warning' | 'Failure';
  readonly details: string;
}

test('an installation by the book: its check finds nothing amiss, and registering again changes nothing', async (t) => {
  const cloud = TestCloud.open();
  const fenix = await Fenix.install(t, cloud);
  const { etc } = folders(cloud.settings.home);
  const ceilometer = [
    ...['--ceilometer-definitions', join(etc, 'event_definitions.yaml')],
    ...['--ceilometer-pipeline', join(etc, 'event_pipeline.yaml')],
  ];
  const checked = JSON.parse(await fenix.manage('status', 'check', '--json', ...ceilometer)) as Checked[];
  t.true(checked.length > 10);
  t.deepEqual(
    checked.filter(({ result }) => result !== 'Success'),
    [],
  );
  t.regex(await fenix.register(), /Keystone knows everything already\.\n$/);
});
