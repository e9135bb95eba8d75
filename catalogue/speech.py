"""Weights of faces, speech and voices. Pure data."""

from avatar.plan import WeightFile, Weights
from catalogue.parts import CONFIG, MMS, PIPER, SMALL, files_of, parameters_of

FACES_AND_SOUNDS: tuple[Weights, ...] = (
    Weights(
        id="face-landmarker",
        source="https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1",
        revision="float16/1",
        files=(
            WeightFile(
                path="face_landmarker.task",
                size=3_758_596,
                sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
            ),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="MediaPipe FaceLandmarker",
        stage="portrait",
    ),
    Weights(
        id="selfie-segmenter",
        source="https://storage.googleapis.com/mediapipe-models/image_segmenter/selfie_segmenter/float16/1",
        revision="float16/1",
        files=(
            WeightFile(
                path="selfie_segmenter.tflite",
                size=249_537,
                sha256="191ac9529ae506ee0beefa6b2c945a172dab9d07d1e802a290a4e4038226658b",
            ),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="MediaPipe SelfieSegmenter, which tells a person from the background",
        stage="portrait",
    ),
    Weights(
        id="wav2vec2-base-960h",
        source="facebook/wav2vec2-base-960h",
        revision="",
        files=files_of(
            ("config.json", CONFIG),
            ("preprocessor_config.json", CONFIG),
            ("special_tokens_map.json", CONFIG),
            ("tokenizer_config.json", CONFIG),
            ("vocab.json", CONFIG),
            ("model.safetensors", 378_000_000),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="wav2vec 2.0 base, 960 h, with letters",
        stage="lips",
        parameters=parameters_of("wav2vec2-base-960h"),
    ),
    Weights(
        id="speecht5-tts",
        source="microsoft/speecht5_tts",
        revision="",
        files=files_of(
            ("config.json", SMALL),
            ("added_tokens.json", CONFIG),
            ("preprocessor_config.json", CONFIG),
            ("special_tokens_map.json", CONFIG),
            ("tokenizer_config.json", CONFIG),
            ("spm_char.model", 240_000),
            ("pytorch_model.bin", 585_000_000),
        ),
        licence="MIT",
        commercial=True,
        title="SpeechT5",
        stage="speech",
        parameters=parameters_of("speecht5-tts"),
    ),
    Weights(
        id="speecht5-hifigan",
        source="microsoft/speecht5_hifigan",
        revision="",
        files=files_of(("config.json", CONFIG), ("pytorch_model.bin", 50_672_453)),
        licence="MIT",
        commercial=True,
        title="SpeechT5 HiFi-GAN vocoder",
        stage="speech",
        parameters=parameters_of("speecht5-hifigan"),
    ),
    Weights(
        id="cmu-arctic-xvectors",
        source="datasets/Matthijs/cmu-arctic-xvectors",
        revision="",
        files=files_of(("spkrec-xvect.zip", 17_000_000)),
        licence="MIT",
        commercial=True,
        title="Voices of CMU Arctic as x-vectors",
        stage="speech",
    ),
    Weights(
        id="spkrec-xvect-voxceleb",
        source="speechbrain/spkrec-xvect-voxceleb",
        revision="",
        files=files_of(("embedding_model.ckpt", 17_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="SpeechBrain x-vector encoder",
        stage="speech",
    ),
)


MORE_VOICES: tuple[Weights, ...] = (
    *(
        Weights(
            id=f"mms-{code}",
            source=f"facebook/mms-tts-{code}",
            revision="",
            files=files_of(
                ("config.json", SMALL),
                ("special_tokens_map.json", CONFIG),
                ("tokenizer_config.json", CONFIG),
                ("vocab.json", CONFIG),
                ("model.safetensors", 145_000_000),
            ),
            licence="CC-BY-NC-4.0",
            commercial=False,
            title=f"MMS {language}",
            stage="speech",
            parameters=parameters_of(f"mms-{code}"),
        )
        for code, language in MMS
    ),
    *(
        Weights(
            id=f"piper-{name}",
            source="rhasspy/piper-voices",
            revision="",
            files=(
                WeightFile(f"{path}.onnx", 63_200_000, load="voice.onnx"),
                WeightFile(f"{path}.onnx.json", 5_000, load="voice.onnx.json"),
            ),
            licence=licence,
            commercial=True,
            title=title,
            stage="speech",
        )
        for name, path, title, licence in PIPER
    ),
    Weights(
        id="pocket-tts",
        source="eustlb/pocket-tts",
        revision="",
        files=files_of(
            ("config.json", SMALL),
            ("generation_config.json", CONFIG),
            ("processor_config.json", SMALL),
            ("chat_template.jinja", SMALL),
            ("tokenizer.json", 200_000),
            ("tokenizer_config.json", SMALL),
            ("model*.safetensors", 358_000_000),
        ),
        licence="CC-BY-4.0",
        commercial=True,
        title="Pocket TTS",
        stage="speech",
        parameters=parameters_of("pocket-tts"),
    ),
    Weights(
        id="pocket-tts-audio-tokenizer",
        source="eustlb/pocket-tts-audio-tokenizer",
        revision="",
        files=files_of(("config.json", SMALL), ("model.safetensors", 80_200_000)),
        licence="CC-BY-4.0",
        commercial=True,
        title="Pocket TTS, its codec",
        stage="speech",
        parameters=parameters_of("pocket-tts-audio-tokenizer"),
    ),
)
"""Pocket TTS: repositories that transformers names, files as its classes save them; counted as float32, not seen."""
