export type { WireNotification } from './alarms/traits.js';
export type { Cloud } from './cloud.js';
export type { LogEntry, LogEvent, SimulatorLog } from './log.js';
export type * from './records.js';
export { type Credentials, Simulator, type SimulatorOptions, startSimulator } from './simulator.js';
export { parseTopology, readTopology, type Timings, type Topology } from './topology.js';
export { type GeneratorOptions, generateTopology } from './topology-generator.js';
