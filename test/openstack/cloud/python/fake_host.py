"""Nova's own fake hypervisor as a small, finite host whose migrations can be slowed down, failed, aborted and forced.

It reads two files of the folder FENIX_TEST_FAKE_HOST whenever it is about to do something:
  delay   lines "OPERATION SECONDS": how long it takes
  fail    lines "OPERATION SERVER": it fails; SERVER is an id, a name, or * for any
OPERATION is boot, cold (leaving the old host), finish (arriving at the new one) or live.
"""
import os
import time

from nova import context as nova_context
from nova import exception
from nova import objects
from nova.virt import fake

_FOLDER = os.environ['FENIX_TEST_FAKE_HOST']


def _lines(name):
    try:
        with open(os.path.join(_FOLDER, name)) as file:
            return [line.split() for line in file if line.strip()]
    except FileNotFoundError:
        return []


def _delay(operation):
    return sum(float(seconds) for name, seconds in _lines('delay') if name == operation)


def _maybe_fail(operation, instance):
    for name, server in _lines('fail'):
        if name == operation and server in ('*', instance.uuid, instance.display_name):
            raise exception.NovaException('told to fail: %s of %s' % (operation, instance.uuid))


def _act(operation, instance):
    time.sleep(_delay(operation))
    _maybe_fail(operation, instance)


class Driver(fake.FakeDriver):
    vcpus = int(os.environ['FENIX_TEST_FAKE_VCPUS'])
    memory_mb = 8192
    local_gb = 1028

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._told = {}  # live migrations under way: None, 'abort' or 'force'

    def init_host(self, host):
        """Unlike its parent it still has its servers after a restart."""
        super().init_host(host)
        for instance in objects.InstanceList.get_by_host(nova_context.get_admin_context(), host):
            if instance.power_state:
                self.instances[instance.uuid] = fake.FakeInstance(instance.name, instance.power_state, instance.uuid)

    def spawn(self, context, instance, *args, **kwargs):
        if instance.task_state == 'spawning':  # migrations and evacuations come through here, too
            _act('boot', instance)
        super().spawn(context, instance, *args, **kwargs)

    def migrate_disk_and_power_off(self, context, instance, *args, **kwargs):
        try:
            _act('cold', instance)
        except exception.NovaException as error:
            # What drivers say when nothing was changed yet: the server is ACTIVE again.
            raise exception.InstanceFaultRollback(error)
        return super().migrate_disk_and_power_off(context, instance, *args, **kwargs)

    def finish_migration(self, context, migration, instance, *args, **kwargs):
        _act('finish', instance)
        return super().finish_migration(context, migration, instance, *args, **kwargs)

    def live_migration(self, context, instance, dest, post_method, recover_method,
                       block_migration=False, migrate_data=None):
        self._told[instance.uuid] = None
        end = time.time() + _delay('live')
        while time.time() < end and self._told[instance.uuid] is None:
            time.sleep(0.1)
        if self._told.pop(instance.uuid) == 'abort':
            recover_method(context, instance, dest, migrate_data, migration_status='cancelled')
            return
        try:
            _maybe_fail('live', instance)
        except exception.NovaException:
            recover_method(context, instance, dest, migrate_data)
            return
        post_method(context, instance, dest, block_migration, migrate_data)

    def live_migration_abort(self, instance):
        self._told[instance.uuid] = 'abort'

    def live_migration_force_complete(self, instance):
        self._told[instance.uuid] = 'force'

    def post_live_migration(self, context, instance, block_device_info, migrate_data=None):
        """Its parent goes on to track the server here."""
        self.destroy(context, instance, network_info=None, block_device_info=block_device_info)
