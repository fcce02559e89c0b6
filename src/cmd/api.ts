#!/usr/bin/env node
import 'reflect-metadata';
import { runService } from './service.js';
import { apiComponent, registerApi } from './wiring/api.js';
import { databaseComponent } from './wiring/core.js';
import { brokerComponent, registerMessaging } from './wiring/messaging.js';

await runService({
  name: 'fenix-api',
  about: 'The REST API: takes sessions from admins, answers and constraints from projects.',
  compose: (container) => {
    registerMessaging(container, 'fenix-api');
    registerApi(container);
    return [databaseComponent(container), brokerComponent(container), apiComponent(container)];
  },
});
