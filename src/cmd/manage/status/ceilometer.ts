import { existsSync } from 'node:fs';
import { FenixError } from '../../../common/errors.js';
import { type CeilometerFiles, readYaml } from '../ceilometer/files.js';
import { lackingDefinitions, PUBLISHER, pipelineNeeds } from '../ceilometer/needs.js';
import { type Check, type Finding, failure, success, warning } from './check.js';

const SHIPPED = 'etc/fenix/ceilometer';

/** Ceilometer's event definitions and pipeline, as far as their files can be read here. */
export function ceilometerChecks({ definitions, pipeline }: CeilometerFiles): Check[] {
  return [
    {
      name: 'Ceilometer definitions',
      remedy: `Mend the file, or name another with --ceilometer-definitions; ${SHIPPED} has what is needed.`,
      run: () => (existsSync(definitions) ? checkDefinitions(definitions) : unseen(definitions, 'definitions')),
    },
    {
      name: 'Ceilometer pipeline',
      remedy: `Mend the file, or name another with --ceilometer-pipeline; ${SHIPPED} has what is needed.`,
      run: () => (existsSync(pipeline) ? checkPipeline(pipeline) : unseen(pipeline, 'pipeline')),
    },
  ];
}

function unseen(file: string, option: string): Finding {
  return warning(
    `There is no ${file} on this machine.`,
    `Run this where Ceilometer's notification agent runs, or give a copy with --ceilometer-${option}.`,
  );
}

function checkDefinitions(file: string): Finding {
  const problems = lackingDefinitions(readYaml(file));
  if (problems === undefined)
    throw new FenixError('input', 'ceilometer-file', `${file} does not hold a list of definitions.`);
  if (problems.length === 0) return success(`${file} has all three event types.`);
  const remedy = `Append ${SHIPPED}/event_definitions.yaml (fenix-manage ceilometer add), and restart Ceilometer's notification agent.`;
  return failure(`${file}: ${problems.join('; ')}.`, remedy);
}

function checkPipeline(file: string): Finding {
  const { isPublished, unheard } = pipelineNeeds(readYaml(file));
  const remedy = `Add publisher ${PUBLISHER} to the event sink, as in ${SHIPPED}/event_pipeline.yaml (fenix-manage ceilometer add), and restart.`;
  if (!isPublished) return failure(`${file}: no sink publishes to alarm.all, where Aodh listens.`, remedy);
  if (unheard.length === 0) return success(`${file} publishes to alarm.all.`);
  return failure(`${file}: no source of the sink for alarm.all takes ${unheard.join(', ')}.`, remedy);
}
