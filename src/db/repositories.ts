import { CommandRepository } from './command-repository.js';
import { ConstraintChangeRepository } from './constraint-change-repository.js';
import type { Database } from './database.js';
import { EngineRepository } from './engine-repository.js';
import { FactRepository } from './fact-repository.js';
import { FleetPlanRepository } from './fleet-plan-repository.js';
import { GroupConstraintsRepository } from './group-constraints-repository.js';
import { GuardRepository } from './guard-repository.js';
import { HistoryRepository } from './history-repository.js';
import { HostClaimRepository } from './host-claim-repository.js';
import { IdempotencyKeyRepository } from './idempotency-key-repository.js';
import { ImpactRepository } from './impact-repository.js';
import { InstanceConstraintsRepository } from './instance-constraints-repository.js';
import { JournalRepository } from './journal-repository.js';
import { LeftoverRepository } from './leftover-repository.js';
import { NoticeRepository } from './notice-repository.js';
import { OutboxRepository } from './outbox-repository.js';
import { PlaceholderRepository } from './placeholder-repository.js';
import { PlanRepository } from './plan-repository.js';
import { PluginRunRepository } from './plugin-run-repository.js';
import { ReplyRepository } from './reply-repository.js';
import { SessionHostRepository } from './session-host-repository.js';
import { SessionInstanceRepository } from './session-instance-repository.js';
import { type Part, SessionProjectRepository } from './session-project-repository.js';
import { SessionRepository } from './session-repository.js';
import { SettingRepository } from './setting-repository.js';

export type { Part };

/** One repository per table, all on the same database. */
export class Repositories {
  readonly sessions: SessionRepository;
  readonly claims: HostClaimRepository;
  readonly hosts: SessionHostRepository;
  readonly projects: SessionProjectRepository;
  readonly instances: SessionInstanceRepository;
  readonly notices: NoticeRepository;
  readonly replies: ReplyRepository;
  readonly commands: CommandRepository;
  readonly journal: JournalRepository;
  readonly impacts: ImpactRepository;
  readonly guards = new GuardRepository();
  readonly facts: FactRepository;
  readonly placeholders: PlaceholderRepository;
  readonly plans: PlanRepository;
  readonly fleetPlans: FleetPlanRepository;
  readonly pluginRuns: PluginRunRepository;
  readonly history: HistoryRepository;
  readonly outbox: OutboxRepository;
  readonly engines: EngineRepository;
  readonly settings: SettingRepository;
  readonly idempotencyKeys: IdempotencyKeyRepository;
  readonly leftovers: LeftoverRepository;
  readonly instanceConstraints: InstanceConstraintsRepository;
  readonly groupConstraints: GroupConstraintsRepository;
  readonly constraintChanges: ConstraintChangeRepository;

  constructor(readonly database: Database) {
    this.sessions = new SessionRepository(database);
    this.claims = new HostClaimRepository(database);
    this.hosts = new SessionHostRepository(database);
    this.projects = new SessionProjectRepository(database);
    this.instances = new SessionInstanceRepository(database);
    this.notices = new NoticeRepository(database);
    this.replies = new ReplyRepository(database);
    this.commands = new CommandRepository(database);
    this.journal = new JournalRepository(database);
    this.impacts = new ImpactRepository(database);
    this.facts = new FactRepository(database);
    this.placeholders = new PlaceholderRepository(database);
    this.plans = new PlanRepository(database);
    this.fleetPlans = new FleetPlanRepository(database);
    this.pluginRuns = new PluginRunRepository(database);
    this.history = new HistoryRepository(database);
    this.outbox = new OutboxRepository(database);
    this.engines = new EngineRepository(database);
    this.idempotencyKeys = new IdempotencyKeyRepository(database);
    this.settings = new SettingRepository(database);
    this.leftovers = new LeftoverRepository(database);
    this.instanceConstraints = new InstanceConstraintsRepository(database);
    this.groupConstraints = new GroupConstraintsRepository(database);
    this.constraintChanges = new ConstraintChangeRepository(database);
  }
}
