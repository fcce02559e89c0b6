"""A minimal maintenance API in the usual shape of OpenStack's Python services: Flask, SQLAlchemy, tokens in a dict.

Three endpoints of v1: show a session, a project's instances, a project's reply. Its tables and sessions are made from
the JSON file that FENIX_PEER names when `init` is the argument; gunicorn serves `app`.
"""
import datetime
import functools
import hashlib
import json
import os
import sys
import urllib.request
import uuid

from flask import Flask, g, jsonify, make_response, request
from sqlalchemy import Column, DateTime, String, Text, create_engine
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker

with open(os.environ["FENIX_PEER"], encoding="utf-8") as file:
    SETTINGS = json.load(file)

engine = create_engine(SETTINGS["database"], pool_size=10, max_overflow=0, pool_recycle=3600)
Db = scoped_session(sessionmaker(bind=engine))
Base = declarative_base()


class Session(Base):
    __tablename__ = "peer_sessions"
    session_id = Column(String(36), primary_key=True)
    state = Column(String(32), nullable=False)


class ProjectSession(Base):
    __tablename__ = "peer_project_sessions"
    session_id = Column(String(36), primary_key=True)
    project_id = Column(String(64), primary_key=True)
    state = Column(String(64))
    reply = Column(Text)
    updated_at = Column(DateTime)


class Instance(Base):
    __tablename__ = "peer_instances"
    instance_id = Column(String(36), primary_key=True)
    session_id = Column(String(36), index=True, nullable=False)
    project_id = Column(String(64), nullable=False)
    host = Column(String(255))


def init():
    Base.metadata.create_all(engine)
    project = SETTINGS["projectId"]
    for one in SETTINGS["sessions"]:
        sid = one["sessionId"]
        Db.add(Session(session_id=sid, state="PLANNED_MAINTENANCE"))
        Db.add(ProjectSession(session_id=sid, project_id=project, state="PLANNED_MAINTENANCE"))
        for n, instance in enumerate(one["instanceIds"]):
            Db.add(Instance(instance_id=instance, session_id=sid, project_id=project, host="compute-%d" % n))
    Db.commit()


app = Flask(__name__)
tokens = {}


def identity(token):
    """As keystonemiddleware does it: a cached answer of Keystone's, by the token's digest."""
    key = hashlib.sha256(token.encode()).hexdigest()
    known = tokens.get(key)
    if known is None:
        headers = {"X-Auth-Token": SETTINGS["serviceToken"], "X-Subject-Token": token}
        asked = urllib.request.Request(SETTINGS["authUrl"] + "/auth/tokens", headers=headers)
        with urllib.request.urlopen(asked) as answer:
            known = tokens[key] = json.load(answer)["token"]
    return known


def restricted(may):
    def decorate(view):
        @functools.wraps(view)
        def wrapper(*args, **kwargs):
            token = request.headers.get("X-Auth-Token")
            if token is None:
                return make_response(jsonify(error="Authentication required"), 401)
            g.identity = identity(token)
            roles = {role["name"] for role in g.identity["roles"]}
            project = g.identity.get("project", {}).get("id")
            if "admin" not in roles and not (may == "project" and kwargs.get("project_id") == project):
                return make_response(jsonify(error="Forbidden"), 403)
            return view(*args, **kwargs)

        return wrapper

    return decorate


@app.teardown_appcontext
def close(_error):
    Db.remove()


@app.after_request
def tell(response):
    response.headers["x-openstack-request-id"] = "req-" + str(uuid.uuid4())
    return response


@app.get("/v1/maintenance/<session_id>")
@restricted("admin")
def show(session_id):
    session = Db.get(Session, session_id)
    if session is None:
        return make_response(jsonify(error="Unknown session"), 404)
    return jsonify(session_id=session.session_id, state=session.state)


@app.get("/v1/maintenance/<session_id>/<project_id>")
@restricted("project")
def instances(session_id, project_id):
    if Db.get(ProjectSession, (session_id, project_id)) is None:
        return make_response(jsonify(error="Unknown session"), 404)
    found = Db.query(Instance).filter_by(session_id=session_id, project_id=project_id).all()
    return jsonify(instance_ids=[instance.instance_id for instance in found])


@app.put("/v1/maintenance/<session_id>/<project_id>")
@restricted("project")
def reply(session_id, project_id):
    body = request.get_json(force=True)
    if not isinstance(body, dict) or not isinstance(body.get("state"), str):
        return make_response(jsonify(error="state is missing"), 400)
    project = Db.get(ProjectSession, (session_id, project_id))
    if project is None:
        return make_response(jsonify(error="Unknown session"), 404)
    project.state = body["state"]
    project.reply = json.dumps(body.get("instance_actions", {}))
    project.updated_at = datetime.datetime.utcnow()
    Db.commit()
    return jsonify(body)


if __name__ == "__main__" and sys.argv[1:] == ["init"]:
    init()
