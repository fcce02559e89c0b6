/* What authors of plug-ins test with; package.json exports it as fenix/testing. */

export { ManualClock } from '../../common/clock.js';
export { FenixError } from '../../common/errors.js';
export { checkAction, checkInstanceAction, checkWorkflow } from '../plugin-checks.js';
export { actionContext } from './action-context.js';
export { type LoggedLine, recordingLogger } from './recording-logger.js';
export { type RanProgram, type ScriptedProgram, ScriptedPrograms } from './scripted-programs.js';
export { type Trial, type TrialOptions, tryAction } from './try-action.js';
export { type MoveTrialOptions, tryInstanceAction } from './try-instance-action.js';
