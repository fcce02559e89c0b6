import { crashTest } from '../support/crash/matrix.js';

crashTest('a plug-in with undo');
