#!/bin/bash
#
# plugin.sh - Fenix in DevStack. DevStack sources it as
#
#   plugin.sh stack pre-install | install | post-config | extra | test-config
#   plugin.sh unstack
#   plugin.sh clean
#
# after settings, which has the variables. README.md says how it is used.

_XTRACE_FENIX=$(set +o | grep xtrace)
set +o xtrace

FENIX_CONF=$FENIX_CONF_DIR/fenix.conf
FENIX_API_CONF=$FENIX_CONF_DIR/fenix-api.conf
FENIX_URL=http://$FENIX_SERVICE_HOST:$FENIX_SERVICE_PORT

# Node.js
# -------

# fenix_node_suffices program - whether it is a Node.js that is new enough
function fenix_node_suffices {
    local version
    version=$("$1" --version 2>/dev/null) || return 1
    printf 'v%s\n%s\n' "$FENIX_NODE_LEAST" "$version" | sort -CV
}

# fenix_node_bin - the folder of the Node.js that everything here runs with:
# the machine's own, if it is new enough, else the one that was fetched
function fenix_node_bin {
    local node
    node=$(type -P node) || node=
    if [[ -n $node ]] && fenix_node_suffices "$node"; then
        dirname "$node"
    else
        echo "$FENIX_NODE_DIR/bin"
    fi
}

# install_fenix_node - fetch Node.js with npm, unless one that will do is there
function install_fenix_node {
    if fenix_node_suffices "$(fenix_node_bin)/node"; then
        return 0
    fi
    local machine release site fetched
    case $(uname -m) in
        x86_64) machine=x64 ;;
        aarch64) machine=arm64 ;;
        *) machine=$(uname -m) ;;
    esac
    release=node-v$FENIX_NODE_VERSION-linux-$machine.tar.xz
    site=$FENIX_NODE_SITE/v$FENIX_NODE_VERSION
    fetched=$(mktemp -d)
    # What fails left of || does not end a script by itself.
    (
        cd "$fetched" \
            && curl -sSfL --retry 3 --max-time 600 \
                --remote-name "$site/$release" \
                --remote-name "$site/SHASUMS256.txt" \
            && sha256sum --check --strict --ignore-missing SHASUMS256.txt
    ) || die $LINENO "No Node.js $FENIX_NODE_VERSION from $site"
    rm -rf "$FENIX_NODE_DIR"
    mkdir -p "$FENIX_NODE_DIR"
    tar -xf "$fetched/$release" -C "$FENIX_NODE_DIR" --strip-components=1
    rm -rf "$fetched"
    if ! fenix_node_suffices "$FENIX_NODE_DIR/bin/node"; then
        die $LINENO "Node.js $FENIX_NODE_VERSION is older than \
$FENIX_NODE_LEAST, which FENIX_NODE_LEAST demands, or does not run here"
    fi
}

# Fenix
# -----

# fenix_manage argument... - fenix-manage with the installed configuration,
# but for what a service logs
function fenix_manage {
    OS_DEFAULT__DEBUG=False \
        "$(fenix_node_bin)/node" "$FENIX_DIR/dist/src/cmd/manage.js" \
        --config-file "$FENIX_CONF" --config-file "$FENIX_API_CONF" "$@"
}

function install_fenix {
    (
        PATH="$(fenix_node_bin):$PATH"
        cd "$FENIX_DIR" \
            && npm ci --no-audit --no-fund --prefer-offline \
            && npm run build
    ) || die $LINENO "Fenix cannot be built"
}

function configure_fenix {
    sudo install -d -o "$STACK_USER" -m 750 "$FENIX_CONF_DIR"
    sudo install -d -o "$STACK_USER" -m 700 "$FENIX_DATA_DIR"
    # What an earlier run set is not to stay.
    rm -f "$FENIX_CONF" "$FENIX_API_CONF"
    install -m 640 /dev/null "$FENIX_CONF"
    install -m 640 /dev/null "$FENIX_API_CONF"

    iniset "$FENIX_CONF" DEFAULT debug "$ENABLE_DEBUG_LOG_LEVEL"
    iniset "$FENIX_CONF" DEFAULT host "$FENIX_LISTEN_ADDRESS"
    iniset "$FENIX_CONF" DEFAULT port "$FENIX_SERVICE_PORT"
    iniset "$FENIX_CONF" DEFAULT public_url "$FENIX_URL/v1"
    iniset "$FENIX_CONF" DEFAULT local_cache_dir "$FENIX_DATA_DIR"
    iniset "$FENIX_CONF" DEFAULT control_exchange "$FENIX_CONTROL_EXCHANGE"
    iniset_rpc_backend fenix "$FENIX_CONF"
    iniset "$FENIX_CONF" database connection "$(database_connection_url fenix)"

    local section=service_user domain=$SERVICE_DOMAIN_NAME
    iniset "$FENIX_CONF" $section os_auth_url "$KEYSTONE_SERVICE_URI"
    iniset "$FENIX_CONF" $section os_username fenix
    iniset "$FENIX_CONF" $section os_password "$SERVICE_PASSWORD"
    iniset "$FENIX_CONF" $section os_user_domain_name "$domain"
    iniset "$FENIX_CONF" $section os_project_name "$SERVICE_PROJECT_NAME"
    iniset "$FENIX_CONF" $section os_project_domain_name "$domain"
    for section in nova placement aodh masakari; do
        iniset "$FENIX_CONF" $section region_name "$REGION_NAME"
        # The only interface that DevStack's services all have.
        iniset "$FENIX_CONF" $section interface public
    done
    configure_keystone_authtoken_middleware "$FENIX_API_CONF" fenix
    if [[ -n ${SSL_BUNDLE_FILE:-} && -r $SSL_BUNDLE_FILE ]]; then
        iniset "$FENIX_CONF" service_user cafile "$SSL_BUNDLE_FILE"
    fi
}

# create_fenix_accounts - user, roles, service and endpoints, as
# "fenix-manage register" would have them
function create_fenix_accounts {
    create_service_user fenix admin
    get_or_create_service fenix maintenance "Host maintenance"
    get_or_create_endpoint maintenance "$REGION_NAME" \
        "$FENIX_URL/v1" "$FENIX_URL/v1" "$FENIX_URL/v1"
}

function init_fenix {
    recreate_database fenix
    fenix_manage db upgrade
}

# fenix_in_ceilometer add | remove - what managers need of Ceilometer, without
# duplicates; the notification agent reads its files when it starts
function fenix_in_ceilometer {
    local definitions=$CEILOMETER_CONF_DIR/event_definitions.yaml
    local pipeline=$CEILOMETER_CONF_DIR/event_pipeline.yaml
    if [[ ! -f $definitions || ! -f $pipeline ]]; then
        echo_summary "Fenix: no Ceilometer in $CEILOMETER_CONF_DIR"
        return 0
    fi
    "$(fenix_node_bin)/node" "$FENIX_DIR/dist/src/cmd/manage.js" \
        ceilometer "$1" --definitions "$definitions" --pipeline "$pipeline"
    local agent=devstack@ceilometer-anotification
    if $SYSTEMCTL is-active --quiet $agent; then
        restart_service $agent
    fi
}

function start_fenix {
    local run files
    run="$(fenix_node_bin)/node $FENIX_DIR/dist/src/cmd"
    files="--config-file $FENIX_CONF"
    if is_service_enabled fenix-api; then
        run_process fenix-api \
            "$run/api.js $files --config-file $FENIX_API_CONF"
        if ! wait_for_service "$SERVICE_TIMEOUT" "$FENIX_URL/v1"; then
            die $LINENO "fenix-api does not answer at $FENIX_URL"
        fi
    fi
    if is_service_enabled fenix-engine; then
        run_process fenix-engine "$run/engine.js $files"
    fi
}

function stop_fenix {
    local service
    for service in fenix-api fenix-engine; do
        stop_process $service
    done
}

# smoke_test_fenix - the installation as it judges itself, an engine that is
# alive, and an admin who may list sessions
function smoke_test_fenix {
    local status=0 ceilometer=$CEILOMETER_CONF_DIR
    fenix_manage status check \
        --ceilometer-definitions "$ceilometer/event_definitions.yaml" \
        --ceilometer-pipeline "$ceilometer/event_pipeline.yaml" \
        || status=$?
    # 1 is for warnings.
    if [[ $status -gt 1 ]]; then
        die $LINENO "fenix-manage status check found failures"
    fi
    if ! timeout "$SERVICE_TIMEOUT" sh -c "until curl -sS -m 10 \
        '$FENIX_URL/healthcheck' | grep -q '\"engines\":{\"ok\":true'; \
        do sleep 1; done"; then
        die $LINENO "$FENIX_URL/healthcheck: no engine is alive"
    fi
    local token
    token=$(fenix_openstack token issue -f value -c id)
    printf 'X-Auth-Token: %s\n' "$token" \
        | curl -fsS -m 60 -o /dev/null -H @- "$FENIX_URL/v1/maintenance" \
        || die $LINENO "$FENIX_URL/v1/maintenance: sessions cannot be listed"
    echo_summary "Fenix: smoke test passed"
}

# fenix_openstack argument... - OpenStack's client as the admin, also where
# nobody has set the environment, as when unstacking
function fenix_openstack {
    env -u OS_CLOUD OS_AUTH_URL="$KEYSTONE_SERVICE_URI" OS_USERNAME=admin \
        OS_PASSWORD="${ADMIN_PASSWORD:-}" OS_PROJECT_NAME=admin \
        OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default \
        OS_CACERT="${SSL_BUNDLE_FILE:-}" OS_IDENTITY_API_VERSION=3 \
        openstack "$@"
}

# remove_fenix_accounts - as far as Keystone still answers
function remove_fenix_accounts {
    # A service takes its endpoints along.
    fenix_openstack service delete fenix \
        || echo_summary "Fenix: the service stays in Keystone"
    fenix_openstack user delete --domain "$SERVICE_DOMAIN_NAME" fenix \
        || echo_summary "Fenix: the user stays in Keystone"
}

function cleanup_fenix {
    if [[ -f $FENIX_DIR/dist/src/cmd/manage.js ]]; then
        fenix_in_ceilometer remove
    fi
    # Usually clean.sh has stopped MySQL before, and removes all of it.
    MYSQL_PWD=$DATABASE_PASSWORD mysql --connect-timeout=10 \
        -u"$DATABASE_USER" -h"$DATABASE_HOST" \
        -e "DROP DATABASE IF EXISTS fenix" \
        || echo_summary "Fenix: the database server does not answer"
    sudo rm -rf "$FENIX_CONF_DIR" "$FENIX_DATA_DIR"
    rm -rf "$FENIX_NODE_DIR" "$FENIX_DIR/node_modules" "$FENIX_DIR/dist"
}

# Dispatch
# --------

if is_service_enabled fenix-api fenix-engine; then
    if [[ $1 == stack && $2 == pre-install ]]; then
        echo_summary "Fenix: Node.js"
        install_fenix_node

    elif [[ $1 == stack && $2 == install ]]; then
        echo_summary "Fenix: building"
        install_fenix

    elif [[ $1 == stack && $2 == post-config ]]; then
        echo_summary "Fenix: configuring"
        configure_fenix
        # What a cloud has once belongs to the machine with the API.
        if is_service_enabled fenix-api; then
            create_fenix_accounts
        fi

    elif [[ $1 == stack && $2 == extra ]]; then
        echo_summary "Fenix: starting"
        # What an earlier run left would lose its database, and run_process
        # leaves alone what runs.
        stop_fenix
        if is_service_enabled fenix-api; then
            init_fenix
        fi
        # Now that all plugins have written their configuration.
        fenix_in_ceilometer add
        start_fenix

    elif [[ $1 == stack && $2 == test-config ]]; then
        if is_service_enabled fenix-api; then
            smoke_test_fenix
        fi

    elif [[ $1 == unstack ]]; then
        stop_fenix
        if is_service_enabled fenix-api; then
            remove_fenix_accounts
        fi

    elif [[ $1 == clean ]]; then
        cleanup_fenix
    fi
fi

$_XTRACE_FENIX
