#!/usr/bin/env node
import 'reflect-metadata';
import { baseCommand } from './command-line.js';
import { addCeilometer } from './manage/ceilometer.js';
import { addConfig } from './manage/config.js';
import { addDatabase } from './manage/database.js';
import { addFreeze } from './manage/freeze.js';
import { addConstraintHistory, addHistory } from './manage/history.js';
import { addLeftovers } from './manage/leftovers.js';
import { addPlans } from './manage/plans.js';
import { addPlugin } from './manage/plugin.js';
import { addPolicy } from './manage/policy.js';
import { addReconcile } from './manage/reconcile.js';
import { addRegister } from './manage/register.js';
import { addStatus } from './manage/status.js';

const program = baseCommand(
  'fenix-manage',
  'Looks after an installation: database, configuration, what sessions left.',
);
addDatabase(program);
addCeilometer(program);
addConfig(program);
addHistory(program);
addConstraintHistory(program);
addFreeze(program);
addLeftovers(program);
addPlugin(program);
addPlans(program);
addPolicy(program);
addReconcile(program);
addRegister(program);
addStatus(program);
await program.parseAsync();
