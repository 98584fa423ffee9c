def main(event, context):
    return {"report": event.get("of", "nothing")}
