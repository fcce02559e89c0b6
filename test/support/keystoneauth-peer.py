"""One use of the maintenance API as OpenStack's Python clients make it; prints JSON of what was found.

Arguments: Keystone's URL, user, password, project, path below the service, microversion or "-".
"""
import json
import sys

from keystoneauth1 import adapter, session
from keystoneauth1.exceptions import http
from keystoneauth1.identity import v3

auth_url, user, password, project, path, microversion = sys.argv[1:7]
auth = v3.Password(
    auth_url=auth_url,
    username=user,
    password=password,
    project_name=project,
    user_domain_id="default",
    project_domain_id="default",
)
sess = session.Session(auth=auth, timeout=60)
fenix = adapter.Adapter(sess, service_type="maintenance", interface="public", min_version="1", max_version="1.latest")
data = fenix.get_endpoint_data()
found = {
    "endpoint": fenix.get_endpoint(),
    "api_version": list(data.api_version or ()),
    "min_microversion": list(data.min_microversion or ()),
    "max_microversion": list(data.max_microversion or ()),
}
try:
    answer = fenix.get(path, microversion=None if microversion == "-" else microversion)
    found.update(status=answer.status_code, body=answer.json(),
                 used=answer.headers.get("OpenStack-API-Version"), request_id=answer.headers.get("x-openstack-request-id"))
except http.HttpError as error:
    found.update(status=error.http_status, message=error.message, error=type(error).__name__, request_id=error.request_id)
print(json.dumps(found))
