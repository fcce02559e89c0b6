from aodh.api.app import build_wsgi_app

application = build_wsgi_app()
