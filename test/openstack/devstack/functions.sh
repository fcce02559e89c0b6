#!/bin/bash
#
# functions.sh - stand-ins for the functions of DevStack that its plugins may
# count on, by what its documentation says that they do. They act for real on
# the test cloud: on its Keystone, its database server, and by processes. The
# environment has the variables that DevStack would have set.

set -o errexit
set -o errtrace
set -o pipefail

# How DevStack's functions call systemctl.
export SYSTEMCTL=stand_in_systemctl

# stand_in argument... - what is done in the cloud's own words
function stand_in {
    "$STAND_IN_NODE" "$STAND_IN" "$@"
}

# The test's user may all that this needs, as root or not.
function sudo {
    "$@"
}

function echo_summary {
    echo "== $*"
}

# die line message...
function die {
    echo "$0:$1: ${*:2}" >&2
    exit 1
}

# No-ops for tools that sort plugins.
function define_plugin {
    :
}

function plugin_requires {
    :
}

# enable_service service...
function enable_service {
    ENABLED_SERVICES=$ENABLED_SERVICES,$(IFS=,; echo "$*")
}

# is_service_enabled service... - whether one of them is
function is_service_enabled {
    local service
    for service in "$@"; do
        [[ ,$ENABLED_SERVICES, == *,$service,* ]] && return 0
    done
    return 1
}

# iniset file section option value
function iniset {
    local changed
    [[ -f $1 ]] || touch "$1"
    changed=$(SECTION=$2 OPTION=$3 VALUE=$4 awk '
        function put() {
            if (!done) print ENVIRON["OPTION"] " = " ENVIRON["VALUE"]
            done = 1
        }
        /^\[/ {
            if (inside) put()
            inside = $0 == "[" ENVIRON["SECTION"] "]"
        }
        inside && match($0, "^" ENVIRON["OPTION"] "[ \t]*=") {
            put()
            next
        }
        { print }
        END {
            if (!done && !inside) print "[" ENVIRON["SECTION"] "]"
            put()
        }' "$1")
    echo "$changed" >"$1"
}

# iniget file section option
function iniget {
    SECTION=$2 OPTION=$3 awk '
        /^\[/ { inside = $0 == "[" ENVIRON["SECTION"] "]" }
        inside && sub("^" ENVIRON["OPTION"] "[ \t]*=[ \t]*", "")' "$1"
}

# iniset_rpc_backend package file [section]
function iniset_rpc_backend {
    iniset "$2" "${3:-DEFAULT}" transport_url "$TRANSPORT_URL"
}

# configure_keystone_authtoken_middleware file user [section]
function configure_keystone_authtoken_middleware {
    local section=${3:-keystone_authtoken}
    iniset "$1" "$section" auth_type password
    iniset "$1" "$section" interface public
    iniset "$1" "$section" auth_url "$KEYSTONE_SERVICE_URI"
    iniset "$1" "$section" username "$2"
    iniset "$1" "$section" password "$SERVICE_PASSWORD"
    iniset "$1" "$section" user_domain_name "$SERVICE_DOMAIN_NAME"
    iniset "$1" "$section" project_name "$SERVICE_PROJECT_NAME"
    iniset "$1" "$section" project_domain_name "$SERVICE_DOMAIN_NAME"
    iniset "$1" "$section" memcached_servers localhost:11211
}

# recreate_database name
function recreate_database {
    MYSQL_PWD=$DATABASE_PASSWORD mysql -u"$DATABASE_USER" -h"$DATABASE_HOST" \
        -e "DROP DATABASE IF EXISTS $1; CREATE DATABASE $1 CHARACTER SET utf8"
}

# database_connection_url name
function database_connection_url {
    local login=$DATABASE_USER:$DATABASE_PASSWORD
    local server=$DATABASE_HOST:$MYSQL_TCP_PORT
    echo "mysql+pymysql://$login@$server/$1?charset=utf8&plugin=dbcounter"
}

# create_service_user name [role] - in the service project, with role service
# and that one
function create_service_user {
    stand_in user "$1" service "${@:2}"
}

# get_or_create_service name type description
function get_or_create_service {
    stand_in service "$@"
}

# get_or_create_endpoint type region public [admin internal]
function get_or_create_endpoint {
    stand_in endpoint "$@"
}

# run_process name command - nothing if it runs already, as a unit that is
# started again
function run_process {
    if is_service_enabled "$1"; then
        stand_in start "$1" "$2"
    fi
}

# stop_process name
function stop_process {
    if is_service_enabled "$1"; then
        stand_in stop "$1"
    fi
}

# restart_service unit
function restart_service {
    stand_in restart "$1"
}

# stand_in_systemctl is-active --quiet unit
function stand_in_systemctl {
    stand_in is-active "$3"
}

# wait_for_service seconds url
function wait_for_service {
    timeout "$1" sh -c \
        "until curl -gkso /dev/null -m 10 '$2'; do sleep 1; done"
}
