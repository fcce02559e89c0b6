#!/bin/bash
#
# phase.sh MODE [PHASE] - calls the plugin in PLUGIN_DIR as DevStack's scripts
# do, with stand-ins for DevStack itself.

# shellcheck source=test/openstack/devstack/functions.sh
source "$(dirname "$0")/functions.sh"
# shellcheck source=devstack/settings
source "$PLUGIN_DIR/settings"
# shellcheck source=devstack/plugin.sh
source "$PLUGIN_DIR/plugin.sh" "$@"
