"""The server extension: REST, events and streams for JupyterLab, Notebook and anything else.

A face: it parses, calls the client in a thread, and renders. Nothing of it is imported before
jupyter_server asks for the extension.
"""
