import { toAll } from './asking-all.js';
import type { Step } from './decisions.js';
import { actionsOf, ENGINE_HOST, progressOf } from './maintaining.js';
import { ask, plainWindow, troubleOf } from './notices.js';
import { replyWindow } from './reply-window.js';
import { resolveTrouble } from './trouble.js';
import type { SessionView } from './view.js';

/**
 * MAINTENANCE_COMPLETE in any workflow: runs `post`, tells projects that they may scale back; every host is through by
 * now, so neither refusal nor silence does more than be noted (v1 §2.4).
 */
export function completeSession(view: SessionView): Step {
  const post = progressOf(view, ENGINE_HOST, actionsOf(view, 'post'));
  if (!post.done) return 'trouble' in post ? resolveTrouble(view, post.trouble) : post.step;
  const asked = ask(view, {
    ...toAll(view, 'MAINTENANCE_COMPLETE'),
    window: (_repeated, projectId) => plainWindow(view.now, replyWindow(view, 'project_scale_in_reply', projectId)),
    repeats: 0,
  });
  if (asked.decisions.length > 0) return { do: asked.decisions };
  if (asked.wait !== undefined) return asked.wait;
  const noted = troubleOf(asked, () => [])?.reason.message;
  return { to: 'MAINTENANCE_DONE', why: noted === undefined ? 'All projects answered.' : `Noted: ${noted}` };
}
