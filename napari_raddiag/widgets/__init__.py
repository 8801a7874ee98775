"""The panel's views: they show plain data and emit signals. They know neither napari nor the engine client."""
