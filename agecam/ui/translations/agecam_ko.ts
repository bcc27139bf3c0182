<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ko">
<context>
    <name>AgeCam</name>
    <message>
        <source>&amp;Source</source>
        <translation>소스(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Play</source>
        <translation>재생(&amp;P)</translation>
    </message>
    <message>
        <source>S&amp;ave</source>
        <translation>저장(&amp;A)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>보기(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>도움말(&amp;H)</translation>
    </message>
    <message>
        <source>&amp;Camera</source>
        <translation>카메라(&amp;C)</translation>
    </message>
    <message>
        <source>No camera is connected</source>
        <translation>연결된 카메라가 없습니다</translation>
    </message>
    <message>
        <source>Camera resol&amp;ution</source>
        <translation>카메라 해상도(&amp;U)</translation>
    </message>
    <message>
        <source>As the camera has it</source>
        <translation>카메라 기본값</translation>
    </message>
    <message>
        <source>&amp;Open video or picture...</source>
        <translation>동영상 또는 사진 열기(&amp;O)...</translation>
    </message>
    <message>
        <source>Open &amp;folder of pictures...</source>
        <translation>사진 폴더 열기(&amp;F)...</translation>
    </message>
    <message>
        <source>Open &amp;stream address...</source>
        <translation>스트림 주소 열기(&amp;S)...</translation>
    </message>
    <message>
        <source>&amp;Demo</source>
        <translation>데모(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Recent</source>
        <translation>최근 항목(&amp;R)</translation>
    </message>
    <message>
        <source>Clear list</source>
        <translation>목록 지우기</translation>
    </message>
    <message>
        <source>C&amp;lose source</source>
        <translation>소스 닫기(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>끝내기(&amp;Q)</translation>
    </message>
    <message>
        <source>&amp;Pause</source>
        <translation>일시 정지(&amp;P)</translation>
    </message>
    <message>
        <source>&amp;Next frame</source>
        <translation>다음 프레임(&amp;N)</translation>
    </message>
    <message>
        <source>&amp;Repeat</source>
        <translation>반복(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Speed</source>
        <translation>속도(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Back 5 seconds</source>
        <translation>5초 뒤로(&amp;B)</translation>
    </message>
    <message>
        <source>&amp;Forward 5 seconds</source>
        <translation>5초 앞으로(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Screenshot</source>
        <translation>스크린샷(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Copy picture</source>
        <translation>사진 복사(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Record video</source>
        <translation>동영상 녹화(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Export results as CSV...</source>
        <translation>결과를 CSV로 내보내기(&amp;E)...</translation>
    </message>
    <message>
        <source>Open &amp;folder of saved files</source>
        <translation>저장 폴더 열기(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Boxes</source>
        <translation>상자(&amp;B)</translation>
    </message>
    <message>
        <source>Apparent &amp;age</source>
        <translation>겉보기 나이(&amp;A)</translation>
    </message>
    <message>
        <source>Age &amp;interval</source>
        <translation>나이 구간(&amp;I)</translation>
    </message>
    <message>
        <source>&amp;Gender</source>
        <translation>성별(&amp;G)</translation>
    </message>
    <message>
        <source>Gen&amp;der probability</source>
        <translation>성별 확률(&amp;D)</translation>
    </message>
    <message>
        <source>Person &amp;number</source>
        <translation>사람 번호(&amp;N)</translation>
    </message>
    <message>
        <source>B&amp;lur faces</source>
        <translation>얼굴 흐리게(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;Mirror cameras</source>
        <translation>카메라 좌우 반전(&amp;M)</translation>
    </message>
    <message>
        <source>&amp;People in view</source>
        <translation>화면 속 사람(&amp;P)</translation>
    </message>
    <message>
        <source>Fig&amp;ures of speed</source>
        <translation>속도 수치(&amp;U)</translation>
    </message>
    <message>
        <source>&amp;Full screen</source>
        <translation>전체 화면(&amp;F)</translation>
    </message>
    <message>
        <source>S&amp;ettings...</source>
        <translation>설정(&amp;E)...</translation>
    </message>
    <message>
        <source>&amp;Keyboard shortcuts</source>
        <translation>키보드 단축키(&amp;K)</translation>
    </message>
    <message>
        <source>Open &amp;log file</source>
        <translation>로그 파일 열기(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;About AgeCam</source>
        <translation>AgeCam 정보(&amp;A)</translation>
    </message>
    <message>
        <source>Nothing is open</source>
        <translation>열린 소스가 없습니다</translation>
    </message>
    <message>
        <source>Choose a camera, or drop a video or picture here.</source>
        <translation>카메라를 고르거나 동영상이나 사진을 여기에 끌어다 놓으세요.</translation>
    </message>
    <message>
        <source>Opening {name} ...</source>
        <translation>{name} 여는 중...</translation>
    </message>
    <message>
        <source>Loading the networks ...</source>
        <translation>신경망을 불러오는 중...</translation>
    </message>
    <message>
        <source>Waiting for {name}</source>
        <translation>{name} 기다리는 중</translation>
    </message>
    <message>
        <source>{name} cannot be shown</source>
        <translation>{name} 소스를 표시할 수 없습니다</translation>
    </message>
    <message>
        <source>Faces are not judged</source>
        <translation>얼굴을 분석하지 못하고 있습니다</translation>
    </message>
    <message>
        <source>AgeCam tries again by itself.</source>
        <translation>AgeCam이 자동으로 다시 시도합니다.</translation>
    </message>
    <message>
        <source>Try now</source>
        <translation>지금 시도</translation>
    </message>
    <message>
        <source>Copy details</source>
        <translation>자세한 정보 복사</translation>
    </message>
    <message>
        <source>The details are on the clipboard.</source>
        <translation>자세한 정보를 클립보드에 복사했습니다.</translation>
    </message>
    <message>
        <source>Watch the demo</source>
        <translation>데모 보기</translation>
    </message>
    <message>
        <source>AgeCam may not use the camera: allow it in the system&apos;s privacy settings, then start AgeCam again.</source>
        <translation>AgeCam이 카메라를 사용할 수 없습니다. 시스템의 개인정보 보호 설정에서 허용한 다음 AgeCam을 다시 시작하세요.</translation>
    </message>
    <message>
        <source>No camera is connected, so this is the demo.</source>
        <translation>연결된 카메라가 없어 데모를 보여 드립니다.</translation>
    </message>
    <message>
        <source>{name} is connected.</source>
        <translation>{name} 카메라가 연결되었습니다.</translation>
    </message>
    <message>
        <source>Use it</source>
        <translation>사용하기</translation>
    </message>
    <message>
        <source>Saved {name}</source>
        <translation>{name} 파일을 저장했습니다</translation>
    </message>
    <message>
        <source>The picture is on the clipboard.</source>
        <translation>사진을 클립보드에 복사했습니다.</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>폴더 열기</translation>
    </message>
    <message>
        <source>There is no picture to save yet.</source>
        <translation>아직 저장할 사진이 없습니다.</translation>
    </message>
    <message>
        <source>No face has been judged yet: there is nothing to export.</source>
        <translation>아직 분석한 얼굴이 없어 내보낼 내용이 없습니다.</translation>
    </message>
    <message>
        <source>Saved the recording {name}</source>
        <translation>녹화 파일 {name} 저장 완료</translation>
    </message>
    <message>
        <source>The camera gives {width} x {height}, the nearest it offers.</source>
        <translation>카메라가 지원하는 가장 가까운 해상도인 {width} x {height}(으)로 표시합니다.</translation>
    </message>
    <message>
        <source>People in view</source>
        <translation>화면 속 사람</translation>
    </message>
    <message>
        <source>Nobody is in view.</source>
        <translation>화면에 사람이 없습니다.</translation>
    </message>
    <message>
        <source>apparent age</source>
        <translation>겉보기 나이</translation>
    </message>
    <message>
        <source>{seconds} s in view</source>
        <translation>{seconds}초 동안</translation>
    </message>
    <message>
        <source>female</source>
        <translation>여성</translation>
    </message>
    <message>
        <source>male</source>
        <translation>남성</translation>
    </message>
    <message>
        <source>unsure</source>
        <translation>불확실</translation>
    </message>
    <message>
        <source>Person {number}: apparent age {age}, between {low} and {high}, {gender}</source>
        <translation>사람 {number}: 겉보기 나이 {age}세, {low}세에서 {high}세 사이, {gender}</translation>
    </message>
    <message>
        <source>Probability of each age</source>
        <translation>나이별 확률</translation>
    </message>
    <message>
        <source>age in years</source>
        <translation>나이(세)</translation>
    </message>
    <message>
        <source>apparent age {age}</source>
        <translation>겉보기 나이 {age}</translation>
    </message>
    <message>
        <source>likeliest {age}</source>
        <translation>최빈값 {age}</translation>
    </message>
    <message>
        <source>Click a person to see the probability of every age.</source>
        <translation>사람을 클릭하면 나이별 확률을 볼 수 있습니다.</translation>
    </message>
    <message>
        <source>shown {fps} / s</source>
        <translation>표시 {fps} / 초</translation>
    </message>
    <message>
        <source>analysed {fps} / s</source>
        <translation>분석 {fps} / 초</translation>
    </message>
    <message>
        <source>delay {p50} ms, 95 % under {p95} ms</source>
        <translation>지연 {p50} ms, 95 %는 {p95} ms 이하</translation>
    </message>
    <message>
        <source>dropped {count}</source>
        <translation>건너뜀 {count}</translation>
    </message>
    <message>
        <source>{name} {ms} ms</source>
        <translation>{name} {ms} ms</translation>
    </message>
    <message>
        <source>faces {count}</source>
        <translation>얼굴 {count}</translation>
    </message>
    <message>
        <source>Videos and pictures</source>
        <translation>동영상과 사진</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>모든 파일</translation>
    </message>
    <message>
        <source>CSV tables</source>
        <translation>CSV 표</translation>
    </message>
    <message>
        <source>Address of the stream (rtsp://, http://, ...)</source>
        <translation>스트림 주소 (rtsp://, http://, ...)</translation>
    </message>
    <message>
        <source>Choose...</source>
        <translation>선택...</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>설정</translation>
    </message>
    <message>
        <source>Networks</source>
        <translation>신경망</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>모델</translation>
    </message>
    <message>
        <source>Compute on</source>
        <translation>계산 장치</translation>
    </message>
    <message>
        <source>graphics card if there is one</source>
        <translation>그래픽 카드(있는 경우)</translation>
    </message>
    <message>
        <source>processor</source>
        <translation>프로세서</translation>
    </message>
    <message>
        <source>graphics card</source>
        <translation>그래픽 카드</translation>
    </message>
    <message>
        <source>Smallest face</source>
        <translation>가장 작은 얼굴</translation>
    </message>
    <message>
        <source>Saving</source>
        <translation>저장</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>폴더</translation>
    </message>
    <message>
        <source>Save pictures as mirrored as the preview</source>
        <translation>미리보기처럼 좌우를 바꾸어 저장</translation>
    </message>
    <message>
        <source>With each screenshot, also the picture without labels</source>
        <translation>스크린샷마다 표시 없는 사진도 저장</translation>
    </message>
    <message>
        <source>Blur faces in what is saved</source>
        <translation>저장할 때 얼굴 흐리게</translation>
    </message>
    <message>
        <source>With each screenshot, also the results as JSON</source>
        <translation>스크린샷마다 결과도 JSON으로 저장</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>모양</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>테마</translation>
    </message>
    <message>
        <source>as the system</source>
        <translation>시스템 설정</translation>
    </message>
    <message>
        <source>light</source>
        <translation>밝게</translation>
    </message>
    <message>
        <source>dark</source>
        <translation>어둡게</translation>
    </message>
    <message>
        <source>About AgeCam</source>
        <translation>AgeCam 정보</translation>
    </message>
    <message>
        <source>Writes apparent age and gender beside every face. These are a network&apos;s guesses at how a person looks, not facts about them, and not for decisions about anybody.</source>
        <translation>모든 얼굴 옆에 겉보기 나이와 성별을 표시합니다. 이는 겉모습에 대한 신경망의 추측일 뿐 그 사람에 대한 사실이 아니며, 누군가에 대한 결정에 쓰여서는 안 됩니다.</translation>
    </message>
    <message>
        <source>Nothing leaves this computer: all is computed here, and nothing is stored unless you save it.</source>
        <translation>어떤 것도 이 컴퓨터 밖으로 나가지 않습니다. 모든 계산은 여기에서 이루어지며, 직접 저장하지 않는 한 아무것도 남지 않습니다.</translation>
    </message>
    <message>
        <source>AgeCam is free software under the MIT licence. It stands on Qt for Python (LGPL), TensorFlow (Apache 2.0), OpenCV (Apache 2.0), MTCNN (MIT), FFmpeg through PyAV, NumPy, SciPy and pyqtgraph.</source>
        <translation>AgeCam은 MIT 라이선스의 자유 소프트웨어입니다. Qt for Python(LGPL), TensorFlow(Apache 2.0), OpenCV(Apache 2.0), MTCNN(MIT), PyAV를 통한 FFmpeg, NumPy, SciPy, pyqtgraph를 사용합니다.</translation>
    </message>
    <message>
        <source>Weights: {name} of {date}; {licence}</source>
        <translation>가중치: {name}, {date}; {licence}</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>키보드 단축키</translation>
    </message>
    <message>
        <source>Video</source>
        <translation>동영상</translation>
    </message>
    <message>
        <source>Place in the video</source>
        <translation>동영상 위치</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>녹화 중</translation>
    </message>
</context>
</TS>
