"""granted.py MODULE FILE ROLE...: the rules of a service, one a line, that a stranger is allowed by these roles alone.

MODULE has the service's rules (list_rules), FILE is its policy file. A stranger works in another project than what is asked
for belongs to.
"""
import importlib
import sys
import warnings

from oslo_config import cfg
from oslo_policy import policy

warnings.simplefilter('ignore')
module, file, roles = sys.argv[1], sys.argv[2], sys.argv[3:]
conf = cfg.ConfigOpts()
conf([], default_config_files=[], default_config_dirs=[])
enforcer = policy.Enforcer(conf, policy_file=file)
enforcer.suppress_deprecation_warnings = True
rules = list(importlib.import_module(module).list_rules())
enforcer.register_defaults(rules)
target = {'project_id': 'another', 'user_id': 'another', 'target': {'project': {'id': 'another', 'domain_id': 'another'}}}


def allowed(roles):
    credentials = {'roles': roles, 'user_id': 'stranger', 'project_id': 'own'}
    if module.startswith('nova.'):  # as its request context finds out
        credentials['is_admin'] = enforcer.enforce('context_is_admin', {}, credentials)
    named = [rule.name for rule in rules if hasattr(rule, 'operations')]
    return {name for name in named if enforcer.enforce(name, target, credentials)}


print('\n'.join(sorted(allowed(roles) - allowed([]))))
