export type { Cloud } from './cloud.js';
export type { Credentials } from './credentials.js';
export type { FaultPlan, HttpFault, MoveFaults } from './faults/plan.js';
export { type Judgement, type JudgeOptions, judge, type Rule, type Violation } from './judge/index.js';
export type { LogEntry, LogEvent, SimulatorLog } from './log.js';
export {
  type AddManagersOptions,
  ASKED_STATES,
  type AskedState,
  DIALECTS,
  type Dialect,
  type Manager,
  type ManagerAction,
  type ManagerOptions,
  type ManagerReply,
  type Outage,
} from './managers/index.js';
export type * from './records.js';
export type { Report, ServiceLevel } from './report.js';
export { Simulator, type SimulatorOptions, startSimulator } from './simulator.js';
export type { ChurnOptions, TenantChurn } from './tenant-churn.js';
export { parseTopology, readTopology, type Timings, type Topology, type TopologyProject } from './topology.js';
export { type GeneratorOptions, generateTopology } from './topology-generator.js';
