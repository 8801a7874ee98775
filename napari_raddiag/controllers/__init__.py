"""What happens when the reader does something: each controller joins the session to one part of the outside.

Knows the session, the engine link and the canvas; the views are joined to the controllers in `panel.py`.
"""
