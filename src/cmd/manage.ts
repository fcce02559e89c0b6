#!/usr/bin/env node
import 'reflect-metadata';
import { baseCommand } from './command-line.js';
import { addConfig } from './manage/config.js';
import { addDatabase } from './manage/database.js';
import { addHistory } from './manage/history.js';

const program = baseCommand(
  'fenix-manage',
  'Looks after an installation: database, configuration, what sessions left.',
);
addDatabase(program);
addConfig(program);
addHistory(program);
await program.parseAsync();
