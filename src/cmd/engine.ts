#!/usr/bin/env node
import 'reflect-metadata';
import { runService } from './service.js';
import { registerCloud } from './wiring/cloud.js';
import { databaseComponent } from './wiring/core.js';
import { engineComponents, registerEngine } from './wiring/engine.js';
import { brokerComponent, registerMessaging } from './wiring/messaging.js';

await runService({
  name: 'fenix-engine',
  about: 'Runs maintenance sessions: tells projects, moves instances, maintains hosts.',
  compose: (container) => {
    registerMessaging(container, 'fenix-engine');
    registerCloud(container);
    registerEngine(container);
    return [databaseComponent(container), brokerComponent(container), ...engineComponents(container)];
  },
});
